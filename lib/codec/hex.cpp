// SPDX-License-Identifier: Apache-2.0
#include "codec/hex.h"

namespace ct {
namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string hex_encode(ByteView bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
    return out;
}

Status hex_decode_into(std::string_view text, MutableBytes out) {
    if (text.size() != out.size() * 2) return fail(Reason::malformed, "hexadecimal of the wrong length");
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return fail(Reason::malformed, "not a hexadecimal digit");
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return {};
}

Result<Bytes> hex_decode(std::string_view text, std::size_t most) {
    if (text.size() % 2 != 0) return fail(Reason::malformed, "hexadecimal of odd length");
    if (text.size() / 2 > most) return fail(Reason::too_large, "hexadecimal over its limit");
    Bytes out(text.size() / 2);
    CT_CHECK(hex_decode_into(text, out));
    return out;
}

}  // namespace ct
