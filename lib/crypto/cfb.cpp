// SPDX-License-Identifier: Apache-2.0
#include "crypto/cfb.h"

#include "crypto/ossl.h"

namespace ct::crypto {

Result<Bytes> aes_cfb_encrypt(ByteView key, ByteView plaintext) {
    const EVP_CIPHER* cipher = nullptr;
    if (key.size() == 16) cipher = EVP_aes_128_cfb128();
    if (key.size() == 24) cipher = EVP_aes_192_cfb128();
    if (key.size() == 32) cipher = EVP_aes_256_cfb128();
    if (cipher == nullptr) return fail(Reason::invalid_argument, "size of an AES key");
    const ByteArray<16> zeros{};
    const CipherCtxPtr context(EVP_CIPHER_CTX_new());
    Bytes out(plaintext.size());
    int size = 0;
    if (!context || EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), zeros.data()) != 1 ||
        EVP_EncryptUpdate(context.get(), out.data(), &size, plaintext.data(), static_cast<int>(plaintext.size())) !=
            1 ||
        static_cast<std::size_t>(size) != out.size())
        return fail_ossl(Reason::internal, "AES-CFB");
    return out;
}

}  // namespace ct::crypto
