// SPDX-License-Identifier: Apache-2.0
// tpm2-tss as RAII: one connection to a TPM and the handles made through it. Private to this folder.
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tss {

struct EsysFree {
    void operator()(void* block) const { Esys_Free(block); }
};
// What ESAPI returns by pointer is the caller's to free.
template <class T>
using Owned = std::unique_ptr<T, EsysFree>;

// evidence_device_failed with the TPM's own words.
std::unexpected<Error> fail_tss(TSS2_RC code, std::string_view what);

class Device {
public:
    // evidence_device_absent where there is no TPM by this name, evidence_device_failed where there is one out of reach.
    static Result<std::unique_ptr<Device>> open(const std::string& tcti);
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    ~Device();

    [[nodiscard]] ESYS_CONTEXT* get() const { return esys_; }

    // The content of an NV index, read under its own authorization; at most `most` bytes. Empty if there is none.
    Result<Bytes> read_nv(std::uint32_t index, std::size_t most);
    // As its owner, whose authorization must be empty; one that is not there is made.
    Status write_nv(std::uint32_t index, ByteView content);

private:
    explicit Device(TSS2_TCTI_CONTEXT* tcti) : tcti_(tcti) {}
    Status flush_orphans();
    TSS2_TCTI_CONTEXT* tcti_;
    ESYS_CONTEXT* esys_ = nullptr;
};

// A handle on the TPM that goes away with this object, unless it is persistent there: then only our name for it goes.
class Handle {
public:
    Handle() = default;
    Handle(Device& device, ESYS_TR handle, bool persistent)
        : device_(&device), handle_(handle), persistent_(persistent) {}
    Handle(Handle&& other) noexcept { swap(other); }
    Handle& operator=(Handle&& other) noexcept {
        swap(other);
        return *this;
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle();
    [[nodiscard]] ESYS_TR get() const { return handle_; }

private:
    void swap(Handle& other) noexcept {
        std::swap(device_, other.device_);
        std::swap(handle_, other.handle_);
        std::swap(persistent_, other.persistent_);
    }
    Device* device_ = nullptr;
    ESYS_TR handle_ = ESYS_TR_NONE;
    bool persistent_ = false;
};

}  // namespace ct::attest::tss
