// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_certificates.h"

#include <algorithm>
#include <array>

#include "attest/evidence/cursor.h"

namespace ct::attest::snp {
namespace {

using Guid = ByteArray<16>;

// In the order of memory: the first three groups of digits are little-endian numbers.
constexpr Guid kVcek{0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
constexpr Guid kVlek{0xc2, 0x4b, 0x07, 0xa8, 0x5a, 0xa2, 0x3e, 0x48, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};
constexpr Guid kAsk{0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
constexpr Guid kArk{0xa4, 0x06, 0xb4, 0xc0, 0x03, 0xa8, 0x52, 0x49, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};

bool is_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

std::unexpected<Error> malformed(std::string_view what) {
    return fail(Reason::evidence_malformed, "the host's certificate table: " + std::string(what));
}

}  // namespace

Result<Certificates> parse_certificates(ByteView table) {
    if (table.size() > kCertificateTable) return fail(Reason::evidence_too_large, "the host's certificate table");
    Certificates out;
    if (is_zero(table)) return out;
    const std::pair<const Guid&, ByteView&> wanted[] = {
        {kVcek, out.vcek}, {kVlek, out.vlek}, {kAsk, out.ask}, {kArk, out.ark}};
    Cursor entries(table);
    for (;;) {
        const ByteView guid = entries.take(sizeof(Guid));
        const std::size_t offset = entries.le32(), size = entries.le32();
        if (!entries.ok()) return malformed("no end");
        if (is_zero(guid)) return out;
        if (offset > table.size() || size > table.size() - offset) return malformed("content outside of it");
        const auto known =
            std::ranges::find_if(wanted, [&](const auto& one) { return std::ranges::equal(one.first, guid); });
        if (known == std::end(wanted)) continue;
        if (known->second.data() != nullptr) return malformed("a certificate that stands twice");
        known->second = table.subspan(offset, size);
    }
}

}  // namespace ct::attest::snp
