// SPDX-License-Identifier: Apache-2.0
// The two halves of HKDF-SHA256 (RFC 5869 sections 2.2 and 2.3), over inputs in parts, so that HPKE's labels need no
// concatenation of secrets. Everything derived stays in secret memory.
#pragma once

#include <initializer_list>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_arena.h"
#include "crypto/digest.h"

namespace ct::crypto {

// HMAC straight into `out`, whose size must be the digest's. Ends the process when there is no memory.
void hmac_into(Hash hash, ByteView key, std::initializer_list<ByteView> parts, MutableBytes out);

// 32 bytes.
Result<SecretBuffer> hkdf_extract(ByteView salt, std::initializer_list<ByteView> secret);
// invalid_argument past 255 * 32 bytes.
Result<SecretBuffer> hkdf_expand(ByteView key, std::initializer_list<ByteView> info, std::size_t size);

}  // namespace ct::crypto
