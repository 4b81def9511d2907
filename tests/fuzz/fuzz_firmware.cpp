// SPDX-License-Identifier: Apache-2.0
// Firmware and boot images that somebody gave us to measure.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/measure/boot_log.h"
#include "attest/measure/gpt.h"
#include "attest/measure/qemu_kernel.h"
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
        if (auto images = started_images(*image, SecureBoot::off, crypto::Hash::sha384)) {
            if (images->empty() || images->size() > 2) std::abort();
            static_cast<void>(boot_from_disk(std::move(*images), input, crypto::Hash::sha384).rtmr(1));
        }
        static_cast<void>(measures_its_input(*image) || measures_in_tds(*image));
    }
    if (const auto kernel = with_qemu_header(input, size, "quiet", 1ULL << 29); kernel && kernel->size() != size)
        std::abort();
    constexpr std::size_t kGptHeader = 92 + 8;
    if (const auto table = gpt_event(input); table && table->size() < kGptHeader) std::abort();
    return 0;
}
