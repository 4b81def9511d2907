// SPDX-License-Identifier: Apache-2.0
#include "support/certificate_issuer.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>

namespace ct::test {
namespace {

// A broken test bench is no test failure: it ends the run.
void must(bool good) {
    if (!good) std::abort();
}

std::shared_ptr<X509> blank(std::string_view subject, X509_NAME* issuer, EVP_PKEY* key, WallTime from, WallTime until,
                            long serial) {
    std::shared_ptr<X509> out(X509_new(), X509_free);
    must(out != nullptr && X509_set_version(out.get(), X509_VERSION_3) == 1);
    must(ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial) == 1);
    const auto seconds = [](WallTime time) { return std::chrono::floor<Seconds>(time).time_since_epoch().count(); };
    must(ASN1_TIME_set(X509_getm_notBefore(out.get()), seconds(from)) != nullptr);
    must(ASN1_TIME_set(X509_getm_notAfter(out.get()), seconds(until)) != nullptr);
    X509_NAME* name = X509_get_subject_name(out.get());
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(subject.data()),
                                    static_cast<int>(subject.size()), -1, 0) == 1);
    must(X509_set_issuer_name(out.get(), issuer != nullptr ? issuer : name) == 1);
    must(X509_set_pubkey(out.get(), key) == 1);
    return out;
}

void add_extension(X509* certificate, int id, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

Bytes der_of(X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    must(size > 0);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

}  // namespace

struct Issuer::State {
    std::shared_ptr<EVP_PKEY> key;
    std::shared_ptr<X509> certificate;
};

Issuer Issuer::make(const Issuer* above, std::string_view name, WallTime not_before, WallTime not_after) {
    auto state = std::make_shared<State>();
    state->key = {EVP_EC_gen("P-256"), EVP_PKEY_free};
    must(state->key != nullptr);
    X509_NAME* issuer = above != nullptr ? X509_get_subject_name(above->state_->certificate.get()) : nullptr;
    state->certificate = blank(name, issuer, state->key.get(), not_before, not_after, 1);
    add_extension(state->certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(state->certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    EVP_PKEY* signer = above != nullptr ? above->state_->key.get() : state->key.get();
    must(X509_sign(state->certificate.get(), signer, EVP_sha256()) > 0);
    return Issuer(std::move(state));
}

Issuer Issuer::root(std::string_view name, WallTime not_before, WallTime not_after) {
    return make(nullptr, name, not_before, not_after);
}

Issuer Issuer::intermediate(std::string_view name, WallTime not_before, WallTime not_after) const {
    return make(this, name, not_before, not_after);
}

Bytes Issuer::issue(const crypto::PublicKey& key, WallTime not_before, WallTime not_after, const Leaf& kind) const {
    X509_NAME* issuer = X509_get_subject_name(state_->certificate.get());
    const auto leaf = blank("a TPM", issuer, key.raw(), not_before, not_after, 2);
    // TPM makers put the model into a critical alternative name and leave the subject bare.
    add_extension(leaf.get(), NID_subject_alt_name, "critical,URI:urn:tpm:model");
    add_extension(leaf.get(), NID_basic_constraints, kind.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!kind.purpose.empty()) add_extension(leaf.get(), NID_ext_key_usage, kind.purpose.c_str());
    must(X509_sign(leaf.get(), state_->key.get(), EVP_sha256()) > 0);
    return der_of(leaf.get());
}

Bytes Issuer::der() const { return der_of(state_->certificate.get()); }

std::string Issuer::pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    must(bio != nullptr && PEM_write_bio_X509(bio, state_->certificate.get()) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string out(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
}

}  // namespace ct::test
