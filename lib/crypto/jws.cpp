// SPDX-License-Identifier: Apache-2.0
#include "crypto/jws.h"

#include <openssl/pem.h>

#include <algorithm>

#include "crypto/ed25519.h"
#include "crypto/ossl.h"

namespace ct::crypto {
namespace {

constexpr std::size_t kKeyPem = 16384;
constexpr int kScalar = 32;
constexpr std::string_view kEs256 = "ES256", kEdDsa = "EdDSA";

using EcdsaSigPtr = Owned<ECDSA_SIG, ECDSA_SIG_free>;

// Empty for a key of neither.
std::string_view algorithm_of(EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "ED25519") == 1) return kEdDsa;
    char group[32] = {};
    std::size_t size = 0;
    const bool p256 = EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
                      std::string_view(group, size) == "prime256v1";
    return p256 ? kEs256 : std::string_view{};
}

// DER, as OpenSSL signs, to the two numbers at their full width.
Result<JwsSignature> flat(ByteView der) {
    const std::uint8_t* at = der.data();
    const EcdsaSigPtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    JwsSignature out{};
    if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), kScalar) != kScalar ||
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + kScalar, kScalar) != kScalar)
        return fail_ossl(Reason::internal, "reading a signature");
    return out;
}

}  // namespace

Result<JwsKey> JwsKey::from_pem(ByteView pem) {
    if (pem.size() > kKeyPem) return fail(Reason::too_large, "private key in PEM");
    const BioPtr bio = bio_over(pem);
    PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr) : nullptr);
    if (!key) return fail_ossl(Reason::malformed, "private key in PEM");
    const std::string_view algorithm = algorithm_of(key.get());
    if (algorithm.empty()) return fail(Reason::invalid_argument, "a private key that is neither on P-256 nor Ed25519");
    return JwsKey(std::shared_ptr<EVP_PKEY>(key.release(), EVP_PKEY_free), algorithm);
}

Result<PublicKey> JwsKey::public_key() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    if (size <= 0) return fail_ossl(Reason::internal, "encoding a public key");
    const Bytes spki(der, der + size);
    OPENSSL_free(der);
    return PublicKey::from_spki_der(spki);
}

Result<JwsSignature> JwsKey::sign(ByteView message) const {
    const MdCtxPtr context(EVP_MD_CTX_new());
    const EVP_MD* hash = algorithm_ == kEs256 ? EVP_sha256() : nullptr;
    Bytes out(128);
    std::size_t size = out.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1)
        return fail_ossl(Reason::internal, "signing");
    if (algorithm_ == kEs256) return flat(ByteView(out).first(size));
    JwsSignature signature{};
    if (size != signature.size()) return fail(Reason::internal, "signing");
    std::copy_n(out.begin(), size, signature.begin());
    return signature;
}

Status verify_jws(const PublicKey& key, std::string_view algorithm, ByteView message, const JwsSignature& signature) {
    if (algorithm.empty() || algorithm_of(key.raw()) != algorithm)
        return fail(Reason::evidence_signature_invalid, "the key is none of the token's algorithm");
    if (algorithm == kEdDsa) return verify_ed25519(key, message, signature);
    CT_TRY(const Bytes der, ecdsa_to_der(ByteView(signature).first(kScalar), ByteView(signature).subspan(kScalar)));
    return key.verify(SignatureScheme::ecdsa_der, Hash::sha256, message, der);
}

}  // namespace ct::crypto
