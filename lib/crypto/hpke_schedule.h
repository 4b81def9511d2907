// SPDX-License-Identifier: Apache-2.0
// The steps of HPKE base mode, apart, so that tests hold each against the RFC's own values. Private to this folder and
// its tests; everything derived is in secret memory.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_arena.h"
#include "crypto/hpke.h"

namespace ct::crypto::hpke {

// RFC 9180 section 4.1, ExtractAndExpand(DH(private, peer), enc || recipient), for either end. seal_invalid for a peer
// key of small order.
Result<SecretBuffer> shared_secret(ByteView private_key, const PublicKey& peer, const PublicKey& encapsulated,
                                   const PublicKey& recipient);

// RFC 9180 section 5.1, mode_base.
struct Schedule {
    Bytes context;  // key_schedule_context; public
    SecretBuffer secret;
    SecretBuffer key;
    SecretBuffer base_nonce;  // of message 0, the only one
};
Result<Schedule> key_schedule(ByteView shared, ByteView info, Aead aead);

}  // namespace ct::crypto::hpke
