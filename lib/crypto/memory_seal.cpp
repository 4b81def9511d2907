// SPDX-License-Identifier: Apache-2.0
#include "crypto/memory_seal.h"

#include <algorithm>
#include <climits>

#include "base/registers.h"
#include "crypto/digest.h"
#include "crypto/ossl.h"

namespace ct::crypto {
namespace {

constexpr std::size_t kKey = 32, kNonce = 12, kTag = 16;

Result<CipherCtxPtr> start(ByteView key, ByteView nonce, bool encrypting) {
    CipherCtxPtr context(EVP_CIPHER_CTX_new());
    if (!context ||
        EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data(), encrypting ? 1 : 0) != 1)
        return fail_ossl(Reason::internal, "AES-256-GCM");
    return context;
}

}  // namespace

Result<MemorySeal> MemorySeal::create() {
    CT_TRY(SecretBuffer key, SecretBuffer::create(kKey));
    CT_CHECK(random_bytes(key.bytes()));
    return MemorySeal(std::move(key));
}

Result<Bytes> MemorySeal::seal(ByteView plaintext) {
    if (plaintext.size() > INT_MAX - kOverhead) return fail(Reason::too_large, "sealed memory");
    const RegisterGuard guard;
    Bytes out(plaintext.size() + kOverhead);
    const std::uint64_t number = sealed_++;
    for (std::size_t i = 0; i < sizeof number; ++i)
        out[i] = static_cast<std::uint8_t>(number >> (8 * i));
    CT_TRY(const CipherCtxPtr context, start(key_.bytes(), ByteView(out).first(kNonce), true));
    std::uint8_t* const text = out.data() + kNonce;
    int written = 0;
    int last = 0;
    if ((!plaintext.empty() &&
         EVP_CipherUpdate(context.get(), text, &written, plaintext.data(), static_cast<int>(plaintext.size())) != 1) ||
        EVP_CipherFinal_ex(context.get(), text + written, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, text + plaintext.size()) != 1)
        return fail_ossl(Reason::internal, "AES-256-GCM");
    return out;
}

Status MemorySeal::open(ByteView sealed, MutableBytes plaintext) const {
    if (sealed.size() < kOverhead || plaintext.size() != sealed.size() - kOverhead)
        return fail(Reason::seal_invalid, "sealed memory of the wrong size");
    const RegisterGuard guard;
    ByteArray<kTag> tag;
    std::ranges::copy(sealed.last(kTag), tag.begin());
    CT_TRY(const CipherCtxPtr context, start(key_.bytes(), sealed.first(kNonce), false));
    std::uint8_t nothing = 0;  // where an empty message "goes"
    std::uint8_t* const to = plaintext.empty() ? &nothing : plaintext.data();
    int written = 0;
    int last = 0;
    if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) != 1 ||
        (!plaintext.empty() && EVP_CipherUpdate(context.get(), to, &written, sealed.data() + kNonce,
                                                static_cast<int>(plaintext.size())) != 1) ||
        EVP_CipherFinal_ex(context.get(), to + written, &last) != 1) {
        ERR_clear_error();
        wipe(plaintext.data(), plaintext.size());
        return fail(Reason::seal_invalid, "sealed memory does not open");
    }
    return {};
}

}  // namespace ct::crypto
