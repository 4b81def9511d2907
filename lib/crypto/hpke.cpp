// SPDX-License-Identifier: Apache-2.0
#include "crypto/hpke.h"

#include <algorithm>
#include <climits>

#include "base/registers.h"
#include "crypto/hpke_schedule.h"
#include "crypto/ossl.h"

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

// A context keyed for one message, in one direction, with `aad` absorbed.
Result<CipherCtxPtr> start(const Schedule& schedule, Aead aead, ByteView aad, bool encrypting, std::size_t text) {
    if (aad.size() > INT_MAX || text > INT_MAX) return fail(Reason::too_large, "HPKE message");
    CipherCtxPtr context(EVP_CIPHER_CTX_new());
    int unused = 0;
    // All three AEADs take a nonce of 12 bytes by default.
    if (!context ||
        EVP_CipherInit_ex(context.get(), cipher_of(aead), nullptr, schedule.key.bytes().data(),
                          schedule.base_nonce.bytes().data(), encrypting ? 1 : 0) != 1 ||
        EVP_CipherUpdate(context.get(), nullptr, &unused, aad.data(), static_cast<int>(aad.size())) != 1)
        return fail_ossl(Reason::internal, "AEAD");
    return context;
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
    CT_TRY(const CipherCtxPtr context, start(schedule, aead, aad, true, plaintext.size()));
    Bytes out(kEncapsulated + plaintext.size() + kTag);
    std::ranges::copy(ephemeral.public_key, out.begin());
    std::uint8_t* const text = out.data() + kEncapsulated;
    int written = 0;
    int last = 0;
    if ((!plaintext.empty() &&
         EVP_CipherUpdate(context.get(), text, &written, plaintext.data(), static_cast<int>(plaintext.size())) != 1) ||
        EVP_CipherFinal_ex(context.get(), text + written, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, text + plaintext.size()) != 1)
        return fail_ossl(Reason::internal, "AEAD seal");
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
    const ByteView text = sealed.subspan(kEncapsulated, sealed.size() - kEncapsulated - kTag);
    ByteArray<kTag> tag;
    std::ranges::copy(sealed.last(kTag), tag.begin());
    CT_TRY(const SecretBuffer shared,
           shared_secret(recipient.private_key.bytes(), encapsulated, encapsulated, recipient.public_key));
    CT_TRY(const Schedule schedule, key_schedule(shared.bytes(), info, aead));
    CT_TRY(const CipherCtxPtr context, start(schedule, aead, aad, false, text.size()));
    CT_TRY(SecretBuffer out, SecretBuffer::create(text.size()));
    std::uint8_t nothing = 0;  // where an empty message "goes"
    std::uint8_t* const to = out.empty() ? &nothing : out.bytes().data();
    int written = 0;
    int last = 0;
    // Nothing that was decrypted leaves before Final has held the tag against it; the buffer is wiped otherwise.
    if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) != 1 ||
        (!text.empty() &&
         EVP_CipherUpdate(context.get(), to, &written, text.data(), static_cast<int>(text.size())) != 1) ||
        EVP_CipherFinal_ex(context.get(), to + written, &last) != 1) {
        ERR_clear_error();
        return fail(Reason::seal_invalid, "the sealed message does not open");
    }
    return out;
}

}  // namespace ct::crypto::hpke
