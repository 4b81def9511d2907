// SPDX-License-Identifier: Apache-2.0
// One message under an AEAD cipher with a nonce of 12 bytes and a tag of 16. Private to this folder.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ossl.h"

namespace ct::crypto {

inline constexpr std::size_t kAeadNonce = 12, kAeadTag = 16;

struct AeadKey {
    const EVP_CIPHER* cipher;
    ByteView key, nonce;
};

// Into text.size() + kAeadTag bytes: ciphertext, then the tag.
Status aead_seal(const AeadKey& key, ByteView aad, ByteView text, MutableBytes sealed);
// The reverse, into sealed.size() - kAeadTag bytes, which are wiped when it does not open: seal_invalid.
Status aead_open(const AeadKey& key, ByteView aad, ByteView sealed, MutableBytes text);

}  // namespace ct::crypto
