// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

#include <array>

namespace ct {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> inverse(std::string_view alphabet) {
    std::array<std::int8_t, 256> out{};
    out.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        out[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
    return out;
}
constexpr auto kStandardInverse = inverse(kStandard);
constexpr auto kUrlInverse = inverse(kUrl);

std::string encode(ByteView bytes, std::string_view alphabet) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::uint8_t byte : bytes) {
        bits = bits << 8U | byte;
        for (held += 8; held >= 6; held -= 6)
            out.push_back(alphabet[bits >> (held - 6) & 63U]);
    }
    if (held > 0) out.push_back(alphabet[bits << (6 - held) & 63U]);
    return out;
}

Result<Bytes> decode(std::string_view digits, const std::array<std::int8_t, 256>& inverse, std::size_t most) {
    if (digits.size() % 4 == 1) return fail(Reason::malformed, "base64 of impossible length");
    const std::size_t size = digits.size() / 4 * 3 + digits.size() % 4 * 3 / 4;
    if (size > most) return fail(Reason::too_large, "base64 over its limit");
    Bytes out;
    out.reserve(size);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : digits) {
        const std::int8_t value = inverse[static_cast<std::uint8_t>(c)];
        if (value < 0) return fail(Reason::malformed, "not a base64 digit");
        bits = (bits << 6U | static_cast<std::uint32_t>(value)) & 0xfffU;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out.push_back(static_cast<std::uint8_t>(bits >> held));
        }
    }
    if ((bits & ((1U << held) - 1U)) != 0) return fail(Reason::malformed, "base64 with stray bits at its end");
    return out;
}

}  // namespace

std::string base64_encode(ByteView bytes) {
    std::string out = encode(bytes, kStandard);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

std::string base64url_encode(ByteView bytes) { return encode(bytes, kUrl); }

Result<Bytes> base64_decode(std::string_view text, std::size_t most) {
    if (text.size() % 4 != 0) return fail(Reason::malformed, "base64 without its padding");
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
        text.remove_suffix(1);
    return decode(text, kStandardInverse, most);
}

Result<Bytes> base64url_decode(std::string_view text, std::size_t most) { return decode(text, kUrlInverse, most); }

}  // namespace ct
