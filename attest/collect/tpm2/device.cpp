// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tpm2/device.h"

#include <fcntl.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.h"

namespace ct::attest::tss {
namespace {

constexpr std::string_view kDevicePrefix = "device:";
constexpr std::uint16_t kNvChunk = 512;  // every TPM moves this much at once

// "device:/dev/tpmrm0" names a file whose absence is a normal state of a machine.
bool device_exists(const std::string& tcti) {
    return !tcti.starts_with(kDevicePrefix) || ::access(tcti.c_str() + kDevicePrefix.size(), F_OK) == 0;
}

// The library does not say why it could not connect; without a descriptor it can't, whether or not there is a TPM.
bool has_spare_descriptor() {
    const Fd spare(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return static_cast<bool>(spare);
}

}  // namespace

std::unexpected<Error> fail_tss(TSS2_RC code, std::string_view what) {
    return fail(Reason::evidence_device_failed, std::string(what) + ": " + Tss2_RC_Decode(code));
}

Result<std::unique_ptr<Device>> Device::open(const std::string& tcti) {
    if (!device_exists(tcti)) return fail(Reason::evidence_device_absent, "no TPM at " + tcti);
    TSS2_TCTI_CONTEXT* transport = nullptr;
    if (const TSS2_RC code = Tss2_TctiLdr_Initialize(tcti.c_str(), &transport); code != TSS2_RC_SUCCESS) {
        // A file that is there but cannot be opened is a matter of permissions; a socket that nobody serves is no TPM.
        const bool unserved = !tcti.starts_with(kDevicePrefix) &&
                              (code & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_IO_ERROR && has_spare_descriptor();
        const std::string why = tcti + ": " + Tss2_RC_Decode(code);
        return fail(unserved ? Reason::evidence_device_absent : Reason::evidence_device_failed, why);
    }
    std::unique_ptr<Device> device(new Device(transport));
    if (const TSS2_RC code = Esys_Initialize(&device->esys_, transport, nullptr); code != TSS2_RC_SUCCESS) {
        return fail_tss(code, "opening the TPM");
    }
    CT_CHECK(device->flush_orphans());
    return device;
}

// Keys of a process that was killed. A resource manager flushes them and shows us none; a bare TPM keeps them, until there
// is no room for ours. It serves one connection at a time, and this one is ours: they belong to nobody.
Status Device::flush_orphans() {
    TPMI_YES_NO more = 0;
    TPMS_CAPABILITY_DATA* found_raw = nullptr;
    const TSS2_RC code = Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                            TPM2_TRANSIENT_FIRST, TPM2_MAX_CAP_HANDLES, &more, &found_raw);
    const Owned<TPMS_CAPABILITY_DATA> found(found_raw);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "looking for forgotten keys");
    const TPML_HANDLE& handles = found->data.handles;
    for (std::uint32_t i = 0; i < handles.count; ++i) {
        ESYS_TR orphan = ESYS_TR_NONE;
        if (Esys_TR_FromTPMPublic(esys_, handles.handle[i], ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &orphan) ==
            TSS2_RC_SUCCESS)
            Esys_FlushContext(esys_, orphan);
    }
    return {};
}

Device::~Device() {
    if (esys_ != nullptr) Esys_Finalize(&esys_);
    Tss2_TctiLdr_Finalize(&tcti_);
}

Result<Bytes> Device::read_nv(std::uint32_t index, std::size_t most) {
    ESYS_TR raw = ESYS_TR_NONE;
    const TSS2_RC found = Esys_TR_FromTPMPublic(esys_, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &raw);
    if (found != TSS2_RC_SUCCESS) {
        const bool none = (found & ~TSS2_RC_LAYER_MASK) == (TPM2_RC_HANDLE | TPM2_RC_1);
        if (none) return Bytes{};
        return fail_tss(found, "looking for an NV index");
    }
    const Handle nv(*this, raw, true);
    TPM2B_NV_PUBLIC* about_raw = nullptr;
    TPM2B_NAME* name_raw = nullptr;
    const TSS2_RC described =
        Esys_NV_ReadPublic(esys_, nv.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &about_raw, &name_raw);
    const Owned<TPM2B_NV_PUBLIC> about(about_raw);
    const Owned<TPM2B_NAME> name(name_raw);
    if (described != TSS2_RC_SUCCESS) return fail_tss(described, "describing an NV index");
    const std::size_t size = about->nvPublic.dataSize;
    if (size > most) return fail(Reason::evidence_device_failed, "an NV index is larger than what it is for may be");
    // Certificates and reports are readable with their own, empty authorization, or by the owner.
    const bool by_itself = (about->nvPublic.attributes & TPMA_NV_AUTHREAD) != 0;
    const ESYS_TR authority = by_itself ? nv.get() : ESYS_TR_RH_OWNER;
    Bytes out;
    while (out.size() < size) {
        const auto chunk = static_cast<std::uint16_t>(std::min<std::size_t>(kNvChunk, size - out.size()));
        TPM2B_MAX_NV_BUFFER* data_raw = nullptr;
        const TSS2_RC code = Esys_NV_Read(esys_, authority, nv.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                          chunk, static_cast<std::uint16_t>(out.size()), &data_raw);
        const Owned<TPM2B_MAX_NV_BUFFER> data(data_raw);
        if (code != TSS2_RC_SUCCESS) return fail_tss(code, "reading an NV index");
        if (data->size != chunk) return fail(Reason::evidence_device_failed, "the TPM returned part of an NV index");
        append(out, {data->buffer, data->size});
    }
    return out;
}

Status Device::write_nv(std::uint32_t index, ByteView content) {
    if (content.size() > kNvChunk) return fail(Reason::invalid_argument, "more than an NV index is written at once");
    ESYS_TR raw = ESYS_TR_NONE;
    TSS2_RC code = Esys_TR_FromTPMPublic(esys_, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &raw);
    if ((code & ~TSS2_RC_LAYER_MASK) == (TPM2_RC_HANDLE | TPM2_RC_1)) {
        const TPM2B_AUTH no_auth{};
        TPM2B_NV_PUBLIC about{};
        about.nvPublic.nvIndex = index;
        about.nvPublic.nameAlg = TPM2_ALG_SHA256;
        about.nvPublic.attributes = TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHWRITE | TPMA_NV_AUTHREAD;
        about.nvPublic.dataSize = static_cast<std::uint16_t>(content.size());
        code = Esys_NV_DefineSpace(esys_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_auth,
                                   &about, &raw);
    }
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "defining an NV index");
    const Handle nv(*this, raw, true);
    TPM2B_MAX_NV_BUFFER data{};
    data.size = static_cast<std::uint16_t>(content.size());
    std::ranges::copy(content, data.buffer);
    code = Esys_NV_Write(esys_, ESYS_TR_RH_OWNER, nv.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data, 0);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "writing an NV index");
    return {};
}

Handle::~Handle() {
    if (handle_ == ESYS_TR_NONE) return;
    if (persistent_) {
        Esys_TR_Close(device_->get(), &handle_);
    } else {
        Esys_FlushContext(device_->get(), handle_);
    }
}

}  // namespace ct::attest::tss
