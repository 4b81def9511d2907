// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ct::crypto {

// AES in 128-bit cipher feedback with an initialisation vector of zeros, as TPM credential protection has it (TPM 2.0
// Library, Part 1 section 24.4): the key is used once, and an HMAC follows. A key of 16, 24 or 32 bytes. Not for other use.
Result<Bytes> aes_cfb_encrypt(ByteView key, ByteView plaintext);

}  // namespace ct::crypto
