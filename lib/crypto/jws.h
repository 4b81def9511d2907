// SPDX-License-Identifier: Apache-2.0
// Signatures of JSON Web Tokens (RFC 7515): ES256 (RFC 7518 section 3.4) and EdDSA with Ed25519 (RFC 8037 section 3.1).
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace ct::crypto {

using JwsSignature = ByteArray<64>;  // of both algorithms: r and s, big-endian; or R and S of RFC 8032

class JwsKey {
public:
    // A private key, unencrypted. invalid_argument for one that is neither on P-256 nor Ed25519.
    static Result<JwsKey> from_pem(ByteView pem);
    [[nodiscard]] std::string_view algorithm() const { return algorithm_; }  // "ES256", "EdDSA"
    [[nodiscard]] Result<PublicKey> public_key() const;
    [[nodiscard]] Result<JwsSignature> sign(ByteView message) const;

private:
    JwsKey(std::shared_ptr<evp_pkey_st> key, std::string_view algorithm)
        : key_(std::move(key)), algorithm_(algorithm) {}
    std::shared_ptr<evp_pkey_st> key_;
    std::string_view algorithm_;
};

// evidence_signature_invalid, also where the key is none of `algorithm`.
Status verify_jws(const PublicKey& key, std::string_view algorithm, ByteView message, const JwsSignature& signature);

}  // namespace ct::crypto
