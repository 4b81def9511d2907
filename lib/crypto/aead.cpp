// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.h"

#include <algorithm>
#include <climits>

#include "base/registers.h"

namespace ct::crypto {
namespace {

// A context keyed for one message, in one direction, with `aad` absorbed.
Result<CipherCtxPtr> start(const AeadKey& key, ByteView aad, bool encrypting, std::size_t text) {
    if (aad.size() > INT_MAX || text > INT_MAX - kAeadTag) return fail(Reason::too_large, "a sealed message");
    CipherCtxPtr context(EVP_CIPHER_CTX_new());
    int unused = 0;
    if (!context ||
        EVP_CipherInit_ex(context.get(), key.cipher, nullptr, key.key.data(), key.nonce.data(), encrypting ? 1 : 0) !=
            1 ||
        (!aad.empty() &&
         EVP_CipherUpdate(context.get(), nullptr, &unused, aad.data(), static_cast<int>(aad.size())) != 1))
        return fail_ossl(Reason::internal, "AEAD");
    return context;
}

}  // namespace

Status aead_seal(const AeadKey& key, ByteView aad, ByteView text, MutableBytes sealed) {
    if (sealed.size() != text.size() + kAeadTag) return fail(Reason::internal, "AEAD: no room for the tag");
    const RegisterGuard guard;
    CT_TRY(const CipherCtxPtr context, start(key, aad, true, text.size()));
    int written = 0;
    int last = 0;
    if ((!text.empty() &&
         EVP_CipherUpdate(context.get(), sealed.data(), &written, text.data(), static_cast<int>(text.size())) != 1) ||
        EVP_CipherFinal_ex(context.get(), sealed.data() + written, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTag, sealed.data() + text.size()) != 1)
        return fail_ossl(Reason::internal, "AEAD seal");
    return {};
}

Status aead_open(const AeadKey& key, ByteView aad, ByteView sealed, MutableBytes text) {
    if (sealed.size() < kAeadTag || text.size() != sealed.size() - kAeadTag)
        return fail(Reason::seal_invalid, "a sealed message of the wrong size");
    const RegisterGuard guard;
    CT_TRY(const CipherCtxPtr context, start(key, aad, false, text.size()));
    ByteArray<kAeadTag> tag;
    std::ranges::copy(sealed.last(kAeadTag), tag.begin());
    std::uint8_t nothing = 0;  // where an empty message "goes"
    std::uint8_t* const to = text.empty() ? &nothing : text.data();
    int written = 0;
    int last = 0;
    // Nothing that was decrypted leaves before Final has held the tag against it.
    if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTag, tag.data()) != 1 ||
        (!text.empty() &&
         EVP_CipherUpdate(context.get(), to, &written, sealed.data(), static_cast<int>(text.size())) != 1) ||
        EVP_CipherFinal_ex(context.get(), to + written, &last) != 1) {
        ERR_clear_error();
        wipe(text.data(), text.size());
        return fail(Reason::seal_invalid, "the sealed message does not open");
    }
    return {};
}

}  // namespace ct::crypto
