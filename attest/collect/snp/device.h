// SPDX-License-Identifier: Apache-2.0
// The kernel's device of an SEV-SNP guest: how reports are asked for where there is no folder of them (Linux before 6.7).
// Linux, Documentation/virt/coco/sev-guest.rst.
#pragma once

#include <linux/sev-guest.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::snp {

inline constexpr const char* kDevice = "/dev/sev-guest";

// As thin as can be, so that a test can stand in for the kernel.
class Device {
public:
    virtual ~Device() = default;
    // Errors carry errno; evidence_device_absent where there is no such device, evidence_device_failed else.
    virtual Status present() = 0;
    virtual Status call(unsigned long command, snp_guest_request_ioctl& argument) = 0;
};

std::unique_ptr<Device> open_device(std::string path = kDevice);

struct SignedReport {
    Bytes report;
    Bytes certificates;  // the host's table; all zero if it gives none
};
// The kernel itself waits, for a minute at most, while the host holds requests back.
Result<SignedReport> ask_device(Device& device, const ByteArray<64>& data, std::uint32_t vmpl);

}  // namespace ct::attest::snp
