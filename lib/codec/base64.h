// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648 section 4, with padding; section 5 "base64url", without). One value has one spelling: a decoder refuses
// blanks, missing or surplus padding and bits that are not zero behind the last byte. For public bytes only.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct {

std::string base64_encode(ByteView bytes);
std::string base64url_encode(ByteView bytes);

// malformed, or too_large past `most` bytes of result; nothing is allocated before both are known.
Result<Bytes> base64_decode(std::string_view text, std::size_t most);
Result<Bytes> base64url_decode(std::string_view text, std::size_t most);

}  // namespace ct
