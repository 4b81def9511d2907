// SPDX-License-Identifier: Apache-2.0
// Hexadecimal (RFC 4648 section 8): lower case out, either case in. For public bytes only: digests, pins, identifiers.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct {

std::string hex_encode(ByteView bytes);

// Pairs of digits and nothing else: no blanks, no prefix. malformed, or too_large past `most` bytes of result.
Result<Bytes> hex_decode(std::string_view text, std::size_t most);

// Exactly N bytes, as pins and digests are written in configuration. malformed otherwise.
Status hex_decode_into(std::string_view text, MutableBytes out);
template <std::size_t N>
Result<ByteArray<N>> hex_decode_array(std::string_view text) {
    ByteArray<N> out{};
    CT_CHECK(hex_decode_into(text, out));
    return out;
}

}  // namespace ct
