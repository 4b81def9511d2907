// SPDX-License-Identifier: Apache-2.0
#include "crypto/memory_seal.h"

#include "crypto/aead.h"
#include "crypto/digest.h"

namespace ct::crypto {

static_assert(MemorySeal::kOverhead == kAeadNonce + kAeadTag);

Result<MemorySeal> MemorySeal::create() {
    CT_TRY(SecretBuffer key, SecretBuffer::create(32));
    CT_CHECK(random_bytes(key.bytes()));
    return MemorySeal(std::move(key));
}

Result<Bytes> MemorySeal::seal(ByteView plaintext) {
    Bytes out(plaintext.size() + kOverhead);
    const std::uint64_t number = sealed_++;
    for (std::size_t i = 0; i < sizeof number; ++i)
        out[i] = static_cast<std::uint8_t>(number >> (8 * i));
    const AeadKey key{EVP_aes_256_gcm(), key_.bytes(), ByteView(out).first(kAeadNonce)};
    CT_CHECK(aead_seal(key, {}, plaintext, MutableBytes(out).subspan(kAeadNonce)));
    return out;
}

Status MemorySeal::open(ByteView sealed, MutableBytes plaintext) const {
    if (sealed.size() < kOverhead) return fail(Reason::seal_invalid, "sealed memory of the wrong size");
    return aead_open({EVP_aes_256_gcm(), key_.bytes(), sealed.first(kAeadNonce)}, {}, sealed.subspan(kAeadNonce),
                     plaintext);
}

}  // namespace ct::crypto
