// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/limits.h"
#include "crypto/md.h"
#include "crypto/ossl.h"
#include "crypto/ossl_time.h"

namespace ct::crypto {
namespace {

using ParamBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using Number = Owned<BIGNUM, BN_free>;
using EcdsaSig = Owned<ECDSA_SIG, ECDSA_SIG_free>;

constexpr std::size_t kPem = std::size_t{64} * 1024;  // a chain of limits::kCertificateChain with comments fits
constexpr std::size_t kRsaBytes = 1024;               // an 8192-bit modulus; OpenSSL's own limit is far beyond use

std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }
std::shared_ptr<X509> share(X509* x509) { return {x509, X509_free}; }

Result<std::shared_ptr<EVP_PKEY>> key_from_params(const char* type, OSSL_PARAM* params) {
    const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return fail_ossl(Reason::malformed, "public key");
    return share(key);
}

Result<ByteView> without_leading_zeros(ByteView number, std::size_t most) {
    const auto first = std::ranges::find_if(number, [](std::uint8_t byte) { return byte != 0; });
    number = number.subspan(static_cast<std::size_t>(first - number.begin()));
    if (number.size() > most) return fail(Reason::malformed, "number too long");
    return number;
}

std::string common_name(const X509_NAME* name) {
    const int first = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (first < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, first) >= 0) return {};
    const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, first));
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

}  // namespace

Result<PublicKey> PublicKey::from_spki_der(ByteView der) {
    if (der.size() > limits::kCertificate) return fail(Reason::too_large, "public key");
    const unsigned char* at = der.data();
    PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
    if (!key) return fail_ossl(Reason::malformed, "public key");
    if (at != der.data() + der.size()) return fail(Reason::malformed, "bytes after the public key");
    return PublicKey(share(key.release()));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
    if (pem.size() > kPem) return fail(Reason::too_large, "public key");
    const BioPtr bio = bio_over(as_bytes(pem));
    PkeyPtr key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, refuse_password, nullptr) : nullptr);
    if (!key) return fail_ossl(Reason::malformed, "public key in PEM");
    return PublicKey(share(key.release()));
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, std::uint32_t exponent) {
    if (modulus.size() > kRsaBytes) return fail(Reason::too_large, "RSA modulus");
    // An even or tiny exponent or modulus is not a key at all.
    if (modulus.empty() || (modulus.back() & 1U) == 0 || exponent < 3 || (exponent & 1U) == 0)
        return fail(Reason::malformed, "RSA key");
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    const Number n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
    const Number e(BN_new());
    if (!builder || !n || !e || BN_set_word(e.get(), exponent) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return fail_ossl(Reason::internal, "RSA key");
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    if (!params) return fail_ossl(Reason::internal, "RSA key");
    CT_TRY(auto key, key_from_params("RSA", params.get()));
    return PublicKey(std::move(key));
}

Result<PublicKey> PublicKey::from_ec(std::string_view curve, ByteView x, ByteView y) {
    std::size_t field = 0;
    if (curve == "P-256") field = 32;
    if (curve == "P-384") field = 48;
    if (curve == "P-521") field = 66;
    if (field == 0) return fail(Reason::malformed, "unknown curve");
    CT_TRY(x, without_leading_zeros(x, field));
    CT_TRY(y, without_leading_zeros(y, field));
    Bytes point(1 + 2 * field);
    point[0] = 4;  // uncompressed, SEC 1 section 2.3.3
    std::ranges::copy(x, point.begin() + static_cast<std::ptrdiff_t>(1 + field - x.size()));
    std::ranges::copy(y, point.begin() + static_cast<std::ptrdiff_t>(1 + 2 * field - y.size()));
    std::string name(curve);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size()),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                           OSSL_PARAM_construct_end()};
    CT_TRY(auto key, key_from_params("EC", params));  // refuses a point off the curve
    return PublicKey(std::move(key));
}

Result<Bytes> PublicKey::spki_der() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    if (size <= 0) return fail_ossl(Reason::internal, "encoding a public key");
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

Result<Sha256> PublicKey::spki_sha256() const {
    CT_TRY(const Bytes der, spki_der());
    return sha256(der);
}

std::size_t PublicKey::bits() const { return static_cast<std::size_t>(std::max(0, EVP_PKEY_get_bits(key_.get()))); }

bool PublicKey::is_rsa() const { return EVP_PKEY_is_a(key_.get(), "RSA") == 1; }

Status PublicKey::verify(SignatureScheme scheme, Hash hash, ByteView message, ByteView signature) const {
    if (hash == Hash::sha1) return fail(Reason::evidence_algorithm_weak, "a signature over SHA-1");
    const bool ecdsa = scheme == SignatureScheme::ecdsa_der;
    if (ecdsa ? EVP_PKEY_is_a(key_.get(), "EC") != 1 : !is_rsa())
        return fail(Reason::evidence_signature_invalid, "signature scheme and key do not fit");
    const MdCtxPtr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;  // owned by `context`
    if (!context || EVP_DigestVerifyInit(context.get(), &parameters, md_of(hash), nullptr, key_.get()) != 1)
        return fail_ossl(Reason::internal, "verify");
    // The salt's length is the signer's choice: TPMs use the digest's or the longest that fits.
    if (!ecdsa && EVP_PKEY_CTX_set_rsa_padding(
                      parameters, scheme == SignatureScheme::rsa_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1)
        return fail_ossl(Reason::internal, "verify");
    if (scheme == SignatureScheme::rsa_pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_AUTO) != 1)
        return fail_ossl(Reason::internal, "verify");
    const int ok = EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size());
    ERR_clear_error();
    if (ok != 1) return fail(Reason::evidence_signature_invalid, "the signature does not verify");
    return {};
}

Result<Bytes> PublicKey::encrypt_oaep(Hash hash, ByteView label, ByteView plaintext) const {
    if (!is_rsa()) return fail(Reason::invalid_argument, "OAEP needs an RSA key");
    const PkeyCtxPtr context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), md_of(hash)) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), md_of(hash)) != 1)
        return fail_ossl(Reason::internal, "OAEP");
    if (!label.empty()) {
        void* copy = OPENSSL_memdup(label.data(), label.size());
        if (copy == nullptr ||
            EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), copy, static_cast<int>(label.size())) != 1) {
            OPENSSL_free(copy);
            return fail_ossl(Reason::internal, "OAEP label");
        }
    }
    std::size_t size = 0;
    if (EVP_PKEY_encrypt(context.get(), nullptr, &size, plaintext.data(), plaintext.size()) != 1)
        return fail_ossl(Reason::internal, "OAEP");
    Bytes out(size);
    if (EVP_PKEY_encrypt(context.get(), out.data(), &size, plaintext.data(), plaintext.size()) != 1)
        return fail_ossl(Reason::invalid_argument, "OAEP");
    out.resize(size);
    return out;
}

Result<Bytes> ecdsa_to_der(ByteView r, ByteView s) {
    constexpr std::size_t longest = 66;  // P-521
    CT_TRY(r, without_leading_zeros(r, longest));
    CT_TRY(s, without_leading_zeros(s, longest));
    const EcdsaSig signature(ECDSA_SIG_new());
    Number rn(BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr));
    Number sn(BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
    if (!signature || !rn || !sn || ECDSA_SIG_set0(signature.get(), rn.get(), sn.get()) != 1)
        return fail_ossl(Reason::internal, "ECDSA signature");
    static_cast<void>(rn.release());  // now the signature's
    static_cast<void>(sn.release());
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    if (size <= 0) return fail_ossl(Reason::internal, "ECDSA signature");
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

Result<Certificate> Certificate::adopt(std::shared_ptr<x509_st> x509) {
    const int size = i2d_X509(x509.get(), nullptr);
    if (size <= 0) return fail_ossl(Reason::malformed, "certificate");
    if (static_cast<std::size_t>(size) > limits::kCertificate) return fail(Reason::too_large, "certificate");
    const auto from = wall_time(X509_get0_notBefore(x509.get()));
    const auto until = wall_time(X509_get0_notAfter(x509.get()));
    ERR_clear_error();
    if (!from || !until) return fail(Reason::malformed, "certificate with an unreadable validity");
    return Certificate(std::move(x509), *from, *until);
}

Result<Certificate> Certificate::from_der(ByteView der) {
    if (der.size() > limits::kCertificate) return fail(Reason::too_large, "certificate");
    const unsigned char* at = der.data();
    X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (!x509) return fail_ossl(Reason::malformed, "certificate");
    if (at != der.data() + der.size()) return fail(Reason::malformed, "bytes after the certificate");
    return adopt(share(x509.release()));
}

Result<std::vector<Certificate>> Certificate::chain_from_pem(std::string_view pem, std::size_t most) {
    if (pem.size() > kPem) return fail(Reason::too_large, "certificates in PEM");
    const BioPtr bio = bio_over(as_bytes(pem));
    if (!bio) return fail_ossl(Reason::internal, "certificates in PEM");
    std::vector<Certificate> out;
    ERR_clear_error();
    for (;;) {
        X509Ptr x509(PEM_read_bio_X509(bio.get(), nullptr, refuse_password, nullptr));
        if (!x509) break;
        if (out.size() == most) return fail(Reason::too_large, "too many certificates");
        CT_TRY(Certificate certificate, adopt(share(x509.release())));
        out.push_back(std::move(certificate));
    }
    // The end of the input shows as "no start line"; anything else is a broken block.
    if (const auto code = ERR_peek_last_error();
        ERR_GET_LIB(code) != ERR_LIB_PEM || ERR_GET_REASON(code) != PEM_R_NO_START_LINE)
        return fail_ossl(Reason::malformed, "certificate in PEM");
    ERR_clear_error();
    if (out.empty()) return fail(Reason::malformed, "no certificate in PEM");
    return out;
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
    CT_TRY(std::vector<Certificate> chain, chain_from_pem(pem, 1));
    return std::move(chain.front());
}

Result<PublicKey> Certificate::public_key() const {
    EVP_PKEY* key = X509_get0_pubkey(x509_.get());
    if (key == nullptr || EVP_PKEY_up_ref(key) != 1) return fail_ossl(Reason::malformed, "certificate's key");
    return PublicKey(share(key));
}

Result<Sha256> Certificate::spki_sha256() const {
    CT_TRY(const PublicKey key, public_key());
    return key.spki_sha256();
}

Result<Bytes> Certificate::der() const {
    unsigned char* der = nullptr;
    const int size = i2d_X509(x509_.get(), &der);
    if (size <= 0) return fail_ossl(Reason::internal, "encoding a certificate");
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

std::string Certificate::subject() const {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    // RFC 2253 form escapes control and non-ASCII characters, so that a subject is safe to print.
    if (!bio || X509_NAME_print_ex(bio.get(), X509_get_subject_name(x509_.get()), 0, XN_FLAG_RFC2253) < 0) {
        ERR_clear_error();
        return {};
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string Certificate::subject_name() const { return common_name(X509_get_subject_name(x509_.get())); }
std::string Certificate::issuer_name() const { return common_name(X509_get_issuer_name(x509_.get())); }

Result<std::optional<Bytes>> Certificate::extension(const char* oid) const {
    const Owned<ASN1_OBJECT, ASN1_OBJECT_free> object(OBJ_txt2obj(oid, 1));
    if (!object) return fail_ossl(Reason::internal, oid);
    const int first = X509_get_ext_by_OBJ(x509_.get(), object.get(), -1);
    if (first < 0) return std::nullopt;
    if (X509_get_ext_by_OBJ(x509_.get(), object.get(), first) >= 0)
        return fail(Reason::malformed, std::string("extension ") + oid + " stands twice");
    const ASN1_OCTET_STRING* content = X509_EXTENSION_get_data(X509_get_ext(x509_.get(), first));
    const unsigned char* data = ASN1_STRING_get0_data(content);
    return Bytes(data, data + ASN1_STRING_length(content));
}

bool Certificate::is_authority() const {
    const int kind = X509_check_ca(x509_.get());
    ERR_clear_error();
    return kind > 0;
}

bool Certificate::may_be_used_for(const char* oid) const {
    const Owned<ASN1_OBJECT, ASN1_OBJECT_free> wanted(OBJ_txt2obj(oid, 1));
    int critical = 0;
    const Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> uses(
        static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(x509_.get(), NID_ext_key_usage, &critical, nullptr)));
    ERR_clear_error();
    if (!uses) return critical == -1;  // there is none; -2: there are two, and other values: it can't be read
    for (int i = 0; i < sk_ASN1_OBJECT_num(uses.get()); ++i)
        if (wanted && OBJ_cmp(sk_ASN1_OBJECT_value(uses.get(), i), wanted.get()) == 0) return true;
    return false;
}

}  // namespace ct::crypto
