// SPDX-License-Identifier: Apache-2.0
// Ed25519 (RFC 8032): the signatures of people over what a gate is to go by.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_arena.h"
#include "crypto/x509.h"

namespace ct::crypto {

using Ed25519Signature = ByteArray<64>;

class Ed25519Key {
public:
    static Result<Ed25519Key> generate();
    // PKCS #8, unencrypted. invalid_argument for another kind of key.
    static Result<Ed25519Key> from_pem(ByteView pem);
    [[nodiscard]] Result<SecretBuffer> pem() const;
    [[nodiscard]] Result<PublicKey> public_key() const;
    [[nodiscard]] Result<Ed25519Signature> sign(ByteView message) const;

private:
    explicit Ed25519Key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
    std::shared_ptr<evp_pkey_st> key_;
};

// evidence_signature_invalid, also for a key that is none of Ed25519.
Status verify_ed25519(const PublicKey& key, ByteView message, const Ed25519Signature& signature);

}  // namespace ct::crypto
