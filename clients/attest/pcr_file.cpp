// SPDX-License-Identifier: Apache-2.0
#include "clients/attest/pcr_file.h"

#include <charconv>
#include <string_view>

#include "attest/evidence/cursor.h"
#include "codec/hex.h"

namespace ct::attest_tool {
namespace {

using attest::Cursor;
using attest::tpm::kPcrs;

constexpr std::size_t kMostDigest = 64;
constexpr std::size_t kSelections = 16,
                      kDigests = 8;  // sizes of the C structures that the tools write as they lie in memory

Status put(PcrValues& out, unsigned index, Bytes value) {
    if (index >= kPcrs || (out.mask >> index & 1) != 0 || value.empty())
        return fail(Reason::malformed, "PCR values: PCR " + std::to_string(index));
    out.mask |= 1U << index;
    out.values[index] = std::move(value);
    return {};
}

// TPML_PCR_SELECTION, then a count of TPML_DIGESTs, then those; x86, so little-endian.
Result<PcrValues> parse_serialized(ByteView bytes) {
    const auto malformed = fail(Reason::malformed, "PCR values: not as tpm2_quote writes them");
    Cursor in(bytes);
    const std::uint32_t banks = in.le32();
    if (banks != 1) return fail(Reason::malformed, "PCR values of " + std::to_string(banks) + " banks: one is needed");
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < kSelections; ++i) {
        in.take(3);  // hash, size of the selection
        const std::uint32_t selected = in.le32();
        in.take(1);  // padding
        if (i == 0) mask = selected & 0xffffff;
    }
    const std::uint32_t lists = in.le32();
    if (lists == 0 || lists > (kPcrs + kDigests - 1) / kDigests) return malformed;
    PcrValues out;
    unsigned index = 0;
    for (std::uint32_t list = 0; list < lists; ++list) {
        const std::uint32_t count = in.le32();
        if (count > kDigests) return malformed;
        for (std::uint32_t i = 0; i < kDigests; ++i) {
            const std::size_t size = in.le16();
            const ByteView digest = in.take(kMostDigest);
            if (i >= count) continue;
            while (index < kPcrs && (mask >> index & 1) == 0)
                ++index;
            if (!in.ok() || size > kMostDigest) return malformed;
            CT_CHECK(put(out, index++, to_vector(digest.first(size))));
        }
    }
    if (!in.finished() || out.mask != mask) return malformed;
    return out;
}

Result<PcrValues> parse_text(std::string_view text) {
    PcrValues out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto skip = [&line](std::string_view any) {
            line.remove_prefix(std::min(line.find_first_not_of(any), line.size()));
        };
        skip(" \t");
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r'))
            line.remove_suffix(1);
        if (line.empty() || line.front() == '#' || line.ends_with(':')) continue;  // the name of a bank
        unsigned index = kPcrs;
        const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), index);
        line.remove_prefix(static_cast<std::size_t>(rest - line.data()));
        skip(" \t:");
        if (line.starts_with("0x")) line.remove_prefix(2);
        auto value = hex_decode(line, kMostDigest);
        if (error != std::errc() || !value)
            return fail(Reason::malformed, "PCR values: write \"INDEX HEX\" on each line");
        CT_CHECK(put(out, index, std::move(*value)));
    }
    if (out.mask == 0) return fail(Reason::malformed, "PCR values: there are none");
    return out;
}

}  // namespace

Result<PcrValues> parse_pcr_file(ByteView bytes) {
    const bool text = as_text(bytes).find('\0') == std::string_view::npos;
    return text ? parse_text(as_text(bytes)) : parse_serialized(bytes);
}

}  // namespace ct::attest_tool
