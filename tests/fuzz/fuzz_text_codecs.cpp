// SPDX-License-Identifier: Apache-2.0
// Hexadecimal and base64: what decodes has one spelling, so encoding it gives the input back.
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "codec/base64.h"
#include "codec/hex.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    const ByteView bytes(data, size);
    const std::string_view text = as_text(bytes);
    constexpr std::size_t most = 4096;
    if (const auto out = base64_decode(text, most); out && (out->size() > most || base64_encode(*out) != text))
        std::abort();
    if (const auto out = base64url_decode(text, most); out && (out->size() > most || base64url_encode(*out) != text))
        std::abort();
    if (const auto out = hex_decode(text, most)) {
        std::string lower(text);
        std::ranges::transform(lower, lower.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (out->size() > most || hex_encode(*out) != lower) std::abort();
    }
    if (base64_decode(base64_encode(bytes), size) != to_vector(bytes)) std::abort();
    if (base64url_decode(base64url_encode(bytes), size) != to_vector(bytes)) std::abort();
    if (hex_decode(hex_encode(bytes), size) != to_vector(bytes)) std::abort();
    return 0;
}
