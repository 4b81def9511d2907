// SPDX-License-Identifier: Apache-2.0
#include "codec/utf8.h"

#include <cstddef>
#include <cstdint>

namespace ct {
namespace {

constexpr char32_t kInvalid = 0xffffffff;

// Takes one character off the front of `text`.
char32_t take(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    std::size_t size = 0;
    char32_t value = 0, least = 0;
    if (first < 0x80) {
        text.remove_prefix(1);
        return first;
    }
    if ((first & 0xe0) == 0xc0) {
        size = 2, value = first & 0x1f, least = 0x80;
    } else if ((first & 0xf0) == 0xe0) {
        size = 3, value = first & 0x0f, least = 0x800;
    } else if ((first & 0xf8) == 0xf0) {
        size = 4, value = first & 0x07, least = 0x10000;
    } else {
        return kInvalid;
    }
    if (text.size() < size) return kInvalid;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return kInvalid;
        value = value << 6 | (byte(i) & 0x3f);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < least || value > 0x10ffff || surrogate) return kInvalid;
    text.remove_prefix(size);
    return value;
}

}  // namespace

bool valid_utf8(std::string_view text) {
    while (!text.empty()) {
        if (take(text) == kInvalid) return false;
    }
    return true;
}

bool printable_utf8(std::string_view text) {
    while (!text.empty()) {
        const char32_t character = take(text);
        if (character == kInvalid || character < 0x20 || (character >= 0x7f && character < 0xa0)) return false;
    }
    return true;
}

}  // namespace ct
