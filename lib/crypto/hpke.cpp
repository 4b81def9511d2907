// SPDX-License-Identifier: Apache-2.0
#include "crypto/hpke.h"

#include <algorithm>

#include "base/registers.h"
#include "crypto/aead.h"
#include "crypto/hpke_schedule.h"

namespace ct::crypto::hpke {
namespace {

const EVP_CIPHER* cipher_of(Aead aead) {
    switch (aead) {
        case Aead::aes_128_gcm:
            return EVP_aes_128_gcm();
        case Aead::aes_256_gcm:
            return EVP_aes_256_gcm();
        case Aead::chacha20_poly1305:
            return EVP_chacha20_poly1305();
    }
    return nullptr;
}

AeadKey key_of(const Schedule& schedule, Aead aead) {
    return {cipher_of(aead), schedule.key.bytes(), schedule.base_nonce.bytes()};
}

bool known(Aead aead) { return cipher_of(aead) != nullptr; }

}  // namespace

Result<Bytes> seal_with(const KeyPair& ephemeral, const PublicKey& recipient, ByteView info, ByteView aad,
                        ByteView plaintext, Aead aead) {
    if (!known(aead)) return fail(Reason::invalid_argument, "unknown AEAD");
    const RegisterGuard guard;
    CT_TRY(const SecretBuffer shared,
           shared_secret(ephemeral.private_key.bytes(), recipient, ephemeral.public_key, recipient));
    CT_TRY(const Schedule schedule, key_schedule(shared.bytes(), info, aead));
    Bytes out(kEncapsulated + plaintext.size() + kTag);
    std::ranges::copy(ephemeral.public_key, out.begin());
    CT_CHECK(aead_seal(key_of(schedule, aead), aad, plaintext, MutableBytes(out).subspan(kEncapsulated)));
    return out;
}

Result<Bytes> seal(const PublicKey& recipient, ByteView info, ByteView aad, ByteView plaintext, Aead aead) {
    CT_TRY(const KeyPair ephemeral, generate_key_pair());
    return seal_with(ephemeral, recipient, info, aad, plaintext, aead);
}

Result<SecretBuffer> open(const KeyPair& recipient, ByteView info, ByteView aad, ByteView sealed, Aead aead) {
    if (!known(aead)) return fail(Reason::invalid_argument, "unknown AEAD");
    if (sealed.size() < kEncapsulated + kTag) return fail(Reason::seal_invalid, "sealed message too short");
    const RegisterGuard guard;
    PublicKey encapsulated;
    std::copy_n(sealed.begin(), kEncapsulated, encapsulated.begin());
    CT_TRY(const SecretBuffer shared,
           shared_secret(recipient.private_key.bytes(), encapsulated, encapsulated, recipient.public_key));
    CT_TRY(const Schedule schedule, key_schedule(shared.bytes(), info, aead));
    CT_TRY(SecretBuffer out, SecretBuffer::create(sealed.size() - kEncapsulated - kTag));
    CT_CHECK(aead_open(key_of(schedule, aead), aad, sealed.subspan(kEncapsulated), out.bytes()));
    return out;
}

}  // namespace ct::crypto::hpke
