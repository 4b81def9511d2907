// SPDX-License-Identifier: Apache-2.0
// Firmware and boot images that somebody gave us to measure.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/measure/snp_launch.h"
#include "attest/measure/tdx_launch.h"
#include "attest/measure/uki.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest::measure;
    const ByteView input(data, size);
    if (const auto firmware = parse_firmware(input)) {
        std::uint64_t loaded = 0;
        for (const auto& section : firmware->sev)
            loaded += section.size;
        for (const auto& section : firmware->tdx)
            loaded += section.late ? 0 : section.size;
        constexpr std::uint64_t kQuick = 4UZ << 20;
        if (loaded <= kQuick) {
            static_cast<void>(snp_launch_digest({*firmware, 2, 0, 1, Hypervisor::qemu, DirectBoot{input, {}, "x"}}));
            static_cast<void>(snp_launch_digest({*firmware, 1}));
            static_cast<void>(tdx_mrtd(*firmware, PageOrder::page_by_page));
        }
    }
    if (const auto image = parse_pe(input)) {
        if (authenticode_digest(*image, crypto::Hash::sha256).size() != 32) std::abort();
        if (const auto sections = measured_sections(*image)) {
            std::uint64_t measured = 0;
            for (const PeSection* section : *sections)
                measured += section->size;
            if (measured <= (4UZ << 20)) static_cast<void>(uki_pcr11(*image, crypto::Hash::sha256));
        }
    }
    return 0;
}
