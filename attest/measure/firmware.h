// SPDX-License-Identifier: Apache-2.0
// What a build of OVMF says of how it wants to be loaded, for machines whose launch is measured: the table of GUIDs at the end of
// the image, and the SEV and TDX metadata that it points at. EDK II OvmfPkg/ResetVector (Ia16/ResetVectorVtf0.asm,
// X64/OvmfSevMetadata.asm, X64/IntelTdxMetadata.asm); Intel TDX Virtual Firmware Design Guide, section 11. Little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::measure {

inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kMostFirmware = 64UZ << 20;
inline constexpr std::size_t kMostSections = 64;
inline constexpr std::uint64_t kFourGigabytes = 1ULL << 32;  // the image ends there

// Of memory that is to be there before the first instruction.
struct SevSection {
    enum class Type : std::uint32_t { memory = 1, secrets = 2, cpuid = 3, svsm_caa = 4, kernel_hashes = 0x10 };
    std::uint32_t gpa = 0, size = 0;  // whole pages
    Type type = Type::memory;
};

struct TdxSection {
    enum class Type : std::uint32_t {
        boot_volume = 0,
        configuration_volume = 1,
        td_hob = 2,
        temporary = 3,
        permanent = 4,
        payload = 5,
        payload_parameters = 6
    };
    std::uint32_t data_offset = 0, data_size = 0;  // in the image
    std::uint64_t gpa = 0, size = 0;               // whole pages
    Type type = Type::temporary;
    bool measured = false;  // MR.EXTEND
    bool late = false;      // PAGE.AUG: added when the guest runs
};

// Views point into the image.
struct Firmware {
    ByteView image;
    std::optional<std::uint32_t> reset_eip;       // where other processors start (SEV-ES reset block)
    std::optional<std::uint32_t> hash_table_gpa;  // of kernel, initrd and command line; nullopt: not supported
    std::vector<SevSection> sev;                  // in order; empty: not for SEV-SNP
    std::vector<TdxSection> tdx;                  // in order; empty: not for TDX

    [[nodiscard]] std::uint64_t gpa() const { return kFourGigabytes - image.size(); }
};

// malformed, too_large. An image without any table parses, and has nothing.
Result<Firmware> parse_firmware(ByteView image);

}  // namespace ct::attest::measure
