// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate_maker.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "crypto/x509.h"

namespace ct::crypto {
namespace {

using ExtensionPtr = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using NumberPtr = Owned<BIGNUM, BN_free>;

constexpr std::size_t kKeyPem = 16384;

std::int64_t whole_seconds(WallTime time) { return std::chrono::floor<Seconds>(time).time_since_epoch().count(); }

Status check_request(std::string_view name, WallTime from, WallTime until) {
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    if (name.empty() || name.size() > 64 || !std::ranges::all_of(name, printable))
        return fail(Reason::invalid_argument, "a name has 1 to 64 printable ASCII characters");
    if (until <= from) return fail(Reason::invalid_argument, "a validity must end after it begins");
    // What X.509 can write: years 0 to 9999 (RFC 5280 section 4.1.2.5).
    if (whole_seconds(from) < 0 || whole_seconds(until) > 253402300799)
        return fail(Reason::invalid_argument, "a validity lies between the years 1970 and 9999");
    return {};
}

// 127 random bits: unique without a counter, and positive (RFC 5280 section 4.1.2.2).
bool set_serial(X509* x509) {
    ByteArray<16> bytes{};
    if (!random_bytes(bytes)) return false;
    bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7fU) | 0x40U);
    const NumberPtr number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr;
}

bool add_extension(X509* x509, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x509, x509, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    return extension && X509_add_ext(x509, extension.get(), -1) == 1;
}

Result<X509Ptr> self_sign(EVP_PKEY* key, std::string_view name, WallTime from, WallTime until) {
    X509Ptr x509(X509_new());
    if (!x509) return fail_ossl(Reason::internal, "certificate");
    X509_NAME* const subject = X509_get_subject_name(x509.get());
    const auto* text = reinterpret_cast<const unsigned char*>(name.data());  // NOLINT: OpenSSL's byte type
    const bool ok =
        X509_set_version(x509.get(), X509_VERSION_3) == 1 && set_serial(x509.get()) &&
        ASN1_TIME_set(X509_getm_notBefore(x509.get()), whole_seconds(from)) != nullptr &&
        ASN1_TIME_set(X509_getm_notAfter(x509.get()), whole_seconds(until)) != nullptr &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, static_cast<int>(name.size()), -1, 0) == 1 &&
        X509_set_issuer_name(x509.get(), subject) == 1 && X509_set_pubkey(x509.get(), key) == 1 &&
        add_extension(x509.get(), NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(x509.get(), NID_key_usage, "critical,digitalSignature") &&
        add_extension(x509.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
        add_extension(x509.get(), NID_subject_key_identifier, "hash") && X509_sign(x509.get(), key, EVP_sha256()) > 0;
    if (!ok) return fail_ossl(Reason::internal, "making a certificate");
    return x509;
}

ByteView content(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return as_bytes({data, size > 0 ? static_cast<std::size_t>(size) : 0});
}

Result<MadeIdentity> identity_of(EVP_PKEY* key, std::string_view name, WallTime from, WallTime until) {
    CT_CHECK(check_request(name, from, until));
    CT_TRY(const X509Ptr x509, self_sign(key, name, from, until));
    const BioPtr certificate(BIO_new(BIO_s_mem()));
    const BioPtr secret(BIO_new(BIO_s_mem()));  // its buffer is cleared when it grows and when it is freed
    if (!certificate || !secret || PEM_write_bio_X509(certificate.get(), x509.get()) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(secret.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return fail_ossl(Reason::internal, "writing PEM");
    MadeIdentity out;
    out.certificate_pem = as_text(content(certificate.get()));
    CT_TRY(out.key_pem, SecretBuffer::copy_of(content(secret.get())));
    CT_TRY(const Certificate parsed, Certificate::from_pem(out.certificate_pem));
    CT_TRY(out.spki, parsed.spki_sha256());
    return out;
}

}  // namespace

Result<MadeIdentity> make_identity(std::string_view name, WallTime not_before, WallTime not_after) {
    const PkeyPtr key(EVP_EC_gen("P-256"));
    if (!key) return fail_ossl(Reason::internal, "making a P-256 key");
    return identity_of(key.get(), name, not_before, not_after);
}

Result<MadeIdentity> renew_identity(ByteView key_pem, std::string_view name, WallTime not_before, WallTime not_after) {
    if (key_pem.size() > kKeyPem) return fail(Reason::too_large, "private key in PEM");
    const BioPtr bio = bio_over(key_pem);
    const PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr) : nullptr);
    if (!key) return fail_ossl(Reason::malformed, "private key in PEM");
    return identity_of(key.get(), name, not_before, not_after);
}

}  // namespace ct::crypto
