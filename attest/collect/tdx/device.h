// SPDX-License-Identifier: Apache-2.0
// The kernel's device of a TD: it has the TDX module report on it (TDREPORT), which only this platform can check. Linux,
// Documentation/virt/coco/tdx-guest.rst, since Linux 6.2.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tdx {

inline constexpr const char* kDevice = "/dev/tdx_guest";

// As thin as can be, so that a test can stand in for the kernel.
class Device {
public:
    virtual ~Device() = default;
    // Errors carry errno; evidence_device_absent where there is no such device, evidence_device_failed else.
    virtual Status present() = 0;
    virtual Result<Bytes> report(const ByteArray<64>& data) = 0;
};

std::unique_ptr<Device> open_device(std::string path = kDevice);

}  // namespace ct::attest::tdx
