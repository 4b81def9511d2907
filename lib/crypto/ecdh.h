// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_arena.h"
#include "crypto/x509.h"

namespace ct::crypto {

// What a sender gets who makes a fresh key on the curve of `peer` (P-256, P-384 or P-521). All numbers are big-endian and
// as long as the curve's field.
struct EphemeralEcdh {
    Bytes x, y;           // the fresh public key
    Bytes peer_x;         // of the peer's key, for the key derivation
    SecretBuffer shared;  // x of the shared point
};
Result<EphemeralEcdh> ephemeral_ecdh(const PublicKey& peer);

}  // namespace ct::crypto
