// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/tdx_launch.h"

#include <algorithm>

#include "crypto/digest.h"

namespace ct::attest::measure {
namespace {

constexpr std::size_t kBlock = 128, kChunk = 256;

class Mrtd {
public:
    void add(std::uint64_t gpa) { block("MEM.PAGE.ADD", gpa); }
    // `data` is what the page begins with; the rest is zero.
    void extend(std::uint64_t gpa, ByteView data) {
        for (std::size_t at = 0; at < kPage; at += kChunk) {
            block("MR.EXTEND", gpa + at);
            ByteArray<kChunk> chunk{};
            if (at < data.size()) {
                const ByteView part = data.subspan(at, std::min(kChunk, data.size() - at));
                std::ranges::copy(part, chunk.begin());
            }
            hasher_.update(chunk);
        }
    }
    ByteArray<48> finish() {
        ByteArray<48> out;
        std::ranges::copy(hasher_.finish(), out.begin());
        return out;
    }

private:
    void block(std::string_view operation, std::uint64_t gpa) {
        ByteArray<kBlock> block{};
        std::ranges::copy(operation, block.begin());
        for (std::size_t i = 0; i < 8; ++i)
            block[16 + i] = static_cast<std::uint8_t>(gpa >> 8 * i);
        hasher_.update(block);
    }
    crypto::Hasher hasher_{crypto::Hash::sha384};
};

}  // namespace

Result<ByteArray<48>> tdx_mrtd(const Firmware& firmware, PageOrder order) {
    if (firmware.tdx.empty()) return fail(Reason::invalid_argument, "firmware: it has no TDX metadata");
    Mrtd mrtd;
    for (const auto& section : firmware.tdx) {
        if (section.late) continue;
        const ByteView data = firmware.image.subspan(section.data_offset, section.data_size);
        const auto page = [&](std::uint64_t at) {
            const auto from = std::min<std::size_t>(at, data.size());
            return data.subspan(from, std::min(kPage, data.size() - from));
        };
        for (std::uint64_t at = 0; at < section.size; at += kPage) {
            mrtd.add(section.gpa + at);
            if (section.measured && order == PageOrder::page_by_page) mrtd.extend(section.gpa + at, page(at));
        }
        if (!section.measured || order == PageOrder::page_by_page) continue;
        for (std::uint64_t at = 0; at < section.size; at += kPage)
            mrtd.extend(section.gpa + at, page(at));
    }
    return mrtd.finish();
}

}  // namespace ct::attest::measure
