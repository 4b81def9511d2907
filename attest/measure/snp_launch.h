// SPDX-License-Identifier: Apache-2.0
// The launch digest (MEASUREMENT) that an SEV-SNP guest will have, from what a hypervisor loads. SEV Secure Nested Paging Firmware
// ABI Specification (AMD 56860), SNP_LAUNCH_UPDATE, "PAGE_INFO"; AMD64 Architecture Programmer's Manual volume 2, table B-4
// (VMSA); the pages and registers are those of QEMU and KVM, EC2, and GCE.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "attest/measure/firmware.h"

namespace ct::attest::measure {

enum class Hypervisor : std::uint8_t { qemu, ec2, gce };
std::optional<Hypervisor> hypervisor_from(std::string_view word);  // "qemu", "ec2", "gce"

// CPUID Fn0000_0001_EAX of a QEMU model ("EPYC-Milan-v2"); nullopt for one that we do not know.
std::optional<std::uint32_t> cpu_signature(std::string_view model);

// What QEMU hands to the firmware past the disk (-kernel with kernel-hashes=on).
struct DirectBoot {
    ByteView kernel, initrd;  // an initrd may be missing
    std::string_view command_line;
};

struct SnpLaunch {
    const Firmware& firmware;
    unsigned processors = 1;
    std::uint32_t cpu_signature = 0;  // QEMU puts it into a register
    std::uint64_t features = 1;       // SEV_FEATURES: 1 is SNP alone
    Hypervisor hypervisor = Hypervisor::qemu;
    std::optional<DirectBoot> direct_boot = {};
};

inline constexpr unsigned kMostProcessors = 4096;

// invalid_argument for firmware that can't be launched so: no SEV metadata, no place for the hashes, no start for other
// processors.
Result<ByteArray<48>> snp_launch_digest(const SnpLaunch& launch);

// One processor's initial state.
Bytes initial_vmsa(const SnpLaunch& launch, std::uint32_t start);

}  // namespace ct::attest::measure
