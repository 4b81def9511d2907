// SPDX-License-Identifier: Apache-2.0
#include "support/tdx_maker.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>

#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::test {
namespace {

// A broken test bench is no test failure: it ends the run.
void must(bool good) {
    if (!good) std::abort();
}

Bytes element(std::uint8_t tag, const Bytes& content) {
    Bytes out{tag};
    if (content.size() > 0xff) {
        append(out, Bytes{0x82, static_cast<std::uint8_t>(content.size() >> 8)});
    } else if (content.size() > 0x7f) {
        out.push_back(0x81);
    }
    out.push_back(static_cast<std::uint8_t>(content.size()));
    append(out, content);
    return out;
}

Bytes octets(const Bytes& content) { return element(0x04, content); }

Bytes integer(unsigned value) {
    Bytes out;
    for (; value > 0 || out.empty(); value >>= 8)
        out.insert(out.begin(), static_cast<std::uint8_t>(value));
    if ((out[0] & 0x80) != 0) out.insert(out.begin(), 0);
    return element(0x02, out);
}

struct Members {
    const SgxFields& fields;
    Bytes content = {};

    void add(const std::string& member, const Bytes& value) {
        const auto other_name = fields.renamed.find(member);
        const std::string& name = other_name == fields.renamed.end() ? member : other_name->second;
        Bytes oid{0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
        for (std::size_t at = 0; at < name.size(); ++at) {
            oid.push_back(static_cast<std::uint8_t>(std::strtoul(&name[at], nullptr, 10)));
            at = std::min(name.find('.', at), name.size());
        }
        Bytes pair = element(0x06, oid);
        const auto other_value = fields.values.find(member);
        append(pair, other_value == fields.values.end() ? value : other_value->second);
        const int count = fields.leave_out == member ? 0 : fields.twice == member ? 2 : 1;
        for (int i = 0; i < count; ++i)
            append(content, element(0x30, pair));
    }
};

long seconds(WallTime time) { return std::chrono::floor<Seconds>(time).time_since_epoch().count(); }

void add_extension(X509* certificate, int id, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

void add_sgx_extension(X509* certificate, const Bytes& content) {
    ASN1_OBJECT* oid = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
    must(ASN1_OCTET_STRING_set(value, content.data(), static_cast<int>(content.size())) == 1);
    X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, oid, 0, value);
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

}  // namespace

Bytes SgxFields::der() const {
    Members tcb{*this};
    Bytes cpu_svn;
    for (unsigned i = 0; i < components.size(); ++i) {
        tcb.add("2." + std::to_string(i + 1), integer(components[i]));
        cpu_svn.push_back(static_cast<std::uint8_t>(components[i]));
    }
    tcb.add("2.17", integer(pce_svn));
    tcb.add("2.18", octets(cpu_svn));
    Members all{*this};
    all.add("1", octets(ppid));
    all.add("2", element(0x30, tcb.content));
    all.add("3", octets(pce_id));
    all.add("4", octets(fmspc));
    all.add("5", element(0x0a, {1}));
    return element(0x30, all.content);
}

Signer Signer::make(const Signer* issuer, const Fields& fields) {
    Signer out;
    out.key_ = {EVP_EC_gen("P-256"), EVP_PKEY_free};
    out.certificate_ = {X509_new(), X509_free};
    X509* made = out.certificate_.get();
    must(out.key_ != nullptr && made != nullptr && X509_set_version(made, X509_VERSION_3) == 1);
    must(ASN1_INTEGER_set(X509_get_serialNumber(made), fields.serial) == 1);
    must(ASN1_TIME_set(X509_getm_notBefore(made), seconds(fields.from)) != nullptr);
    must(ASN1_TIME_set(X509_getm_notAfter(made), seconds(fields.until)) != nullptr);
    X509_NAME* name = X509_get_subject_name(made);
    for (const auto& [part, text] : {std::pair<const char*, std::string>{"CN", fields.name}, {"O", "Test Corporation"}})
        must(X509_NAME_add_entry_by_txt(name, part, MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.data()),
                                        static_cast<int>(text.size()), -1, 0) == 1);
    const Signer& above = issuer != nullptr ? *issuer : out;
    must(X509_set_issuer_name(made, X509_get_subject_name(above.certificate_.get())) == 1);
    must(X509_set_pubkey(made, out.key_.get()) == 1);
    add_extension(made, NID_basic_constraints, fields.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(made, NID_key_usage, fields.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    for (int i = 0; !fields.sgx_extension.empty() && i < (fields.twice ? 2 : 1); ++i)
        add_sgx_extension(made, fields.sgx_extension);
    must(X509_sign(made, above.key_.get(), EVP_sha256()) > 0);
    return out;
}

std::string Signer::pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    must(bio != nullptr && PEM_write_bio_X509(bio, certificate_.get()) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string out(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
}

Bytes Signer::sign(ByteView message) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    Bytes der(128);
    std::size_t size = der.size();
    must(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestSign(context, der.data(), &size, message.data(), message.size()) == 1);
    EVP_MD_CTX_free(context);
    const unsigned char* at = der.data();
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
    Bytes out(64);
    must(BN_bn2binpad(ECDSA_SIG_get0_r(signature), out.data(), 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(signature), out.data() + 32, 32) == 32);
    ECDSA_SIG_free(signature);
    return out;
}

Bytes Signer::point() const {
    Bytes out(65);
    std::size_t size = 0;
    must(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, out.data(), out.size(), &size) == 1);
    must(size == out.size());
    out.erase(out.begin());  // "uncompressed"
    return out;
}

Bytes Signer::crl(const std::vector<long>& revoked, WallTime from, WallTime until) const {
    X509_CRL* crl = X509_CRL_new();
    must(X509_CRL_set_version(crl, 1) == 1);
    must(X509_CRL_set_issuer_name(crl, X509_get_subject_name(certificate_.get())) == 1);
    ASN1_TIME* time = ASN1_TIME_set(nullptr, seconds(from));
    must(X509_CRL_set1_lastUpdate(crl, time) == 1);
    for (const long serial : revoked) {
        X509_REVOKED* entry = X509_REVOKED_new();
        ASN1_INTEGER* number = ASN1_INTEGER_new();
        must(ASN1_INTEGER_set(number, serial) == 1 && X509_REVOKED_set_serialNumber(entry, number) == 1 &&
             X509_REVOKED_set_revocationDate(entry, time) == 1 && X509_CRL_add0_revoked(crl, entry) == 1);
        ASN1_INTEGER_free(number);
    }
    must(ASN1_TIME_set(time, seconds(until)) != nullptr && X509_CRL_set1_nextUpdate(crl, time) == 1);
    must(X509_CRL_sign(crl, key_.get(), EVP_sha256()) > 0);
    unsigned char* der = nullptr;
    const int size = i2d_X509_CRL(crl, &der);
    must(size > 0);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    ASN1_TIME_free(time);
    X509_CRL_free(crl);
    return out;
}

Bytes signed_document(const Signer& signer, const std::string& name, const std::string& json) {
    const std::string signature = hex_encode(signer.sign(as_bytes(json)));
    return to_vector(as_bytes(R"({")" + name + R"(":)" + json + R"(,"signature":")" + signature + R"("})"));
}

void sign_quote(QuoteFields& fields, const Signer& pck, const Signer& attestation, const std::string& chain) {
    fields.pck_chain = chain;
    fields.attestation_key = attestation.point();
    const Bytes digest = crypto::digest(crypto::Hash::sha256, {fields.attestation_key, fields.qe_auth_data});
    std::ranges::copy(digest, fields.qe.report_data.begin());
    fields.qe_signature = pck.sign(fields.qe.bytes());
    fields.signature = attestation.sign(fields.signed_bytes());
}

}  // namespace ct::test
