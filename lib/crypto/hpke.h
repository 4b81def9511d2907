// SPDX-License-Identifier: Apache-2.0
// HPKE, RFC 9180, base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and an AEAD. The gate seals a token to
// the ephemeral key that the evidence vouches for; only the process that made the key opens it.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_arena.h"

namespace ct::crypto::hpke {

// RFC 9180 section 7.3. The product uses aes_256_gcm; the others serve the RFC's own test vectors.
enum class Aead : std::uint16_t { aes_128_gcm = 1, aes_256_gcm = 2, chacha20_poly1305 = 3 };

using PublicKey = ByteArray<32>;
inline constexpr std::size_t kEncapsulated = 32;  // bytes of `enc` before the ciphertext
inline constexpr std::size_t kTag = 16;

struct KeyPair {
    PublicKey public_key{};
    SecretBuffer private_key;  // 32 bytes
};
Result<KeyPair> generate_key_pair();
// RFC 9180 section 7.1.3 DeriveKeyPair, for vectors.
Result<KeyPair> derive_key_pair(ByteView ikm);

// enc || ciphertext || tag.
Result<Bytes> seal(const PublicKey& recipient, ByteView info, ByteView aad, ByteView plaintext,
                   Aead aead = Aead::aes_256_gcm);
// As seal() with the ephemeral key given: for vectors only.
Result<Bytes> seal_with(const KeyPair& ephemeral, const PublicKey& recipient, ByteView info, ByteView aad,
                        ByteView plaintext, Aead aead);
// seal_invalid for anything that does not open.
Result<SecretBuffer> open(const KeyPair& recipient, ByteView info, ByteView aad, ByteView sealed,
                          Aead aead = Aead::aes_256_gcm);

}  // namespace ct::crypto::hpke
