// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include <openssl/pem.h>

#include "crypto/ossl.h"

namespace ct::crypto {
namespace {

constexpr std::size_t kKeyPem = 16384;

bool is_ed25519(EVP_PKEY* key) { return EVP_PKEY_is_a(key, "ED25519") == 1; }

}  // namespace

Result<Ed25519Key> Ed25519Key::generate() {
    PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (!key) return fail_ossl(Reason::internal, "making an Ed25519 key");
    return Ed25519Key(std::shared_ptr<EVP_PKEY>(key.release(), EVP_PKEY_free));
}

Result<Ed25519Key> Ed25519Key::from_pem(ByteView pem) {
    if (pem.size() > kKeyPem) return fail(Reason::too_large, "private key in PEM");
    const BioPtr bio = bio_over(pem);
    PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr) : nullptr);
    if (!key) return fail_ossl(Reason::malformed, "private key in PEM");
    if (!is_ed25519(key.get())) return fail(Reason::invalid_argument, "a private key that is none of Ed25519");
    return Ed25519Key(std::shared_ptr<EVP_PKEY>(key.release(), EVP_PKEY_free));
}

Result<SecretBuffer> Ed25519Key::pem() const {
    const BioPtr secret(BIO_new(BIO_s_mem()));  // its buffer is cleared when it grows and when it is freed
    if (!secret || PEM_write_bio_PKCS8PrivateKey(secret.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return fail_ossl(Reason::internal, "writing PEM");
    char* data = nullptr;
    const long size = BIO_get_mem_data(secret.get(), &data);
    return SecretBuffer::copy_of(as_bytes({data, static_cast<std::size_t>(size)}));
}

Result<PublicKey> Ed25519Key::public_key() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    if (size <= 0) return fail_ossl(Reason::internal, "encoding a public key");
    const Bytes spki(der, der + size);
    OPENSSL_free(der);
    return PublicKey::from_spki_der(spki);
}

Result<Ed25519Signature> Ed25519Key::sign(ByteView message) const {
    const MdCtxPtr context(EVP_MD_CTX_new());
    Ed25519Signature out{};
    std::size_t size = out.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1 || size != out.size())
        return fail_ossl(Reason::internal, "signing");
    return out;
}

Status verify_ed25519(const PublicKey& key, ByteView message, const Ed25519Signature& signature) {
    if (!is_ed25519(key.raw())) return fail(Reason::evidence_signature_invalid, "a key that is none of Ed25519");
    const MdCtxPtr context(EVP_MD_CTX_new());
    if (!context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.raw()) != 1)
        return fail_ossl(Reason::internal, "verify");
    const int ok = EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size());
    ERR_clear_error();
    if (ok != 1) return fail(Reason::evidence_signature_invalid, "the signature does not verify");
    return {};
}

}  // namespace ct::crypto
