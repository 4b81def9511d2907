// SPDX-License-Identifier: Apache-2.0
#include "support/simulated_snp.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>

#include "codec/hex.h"

namespace ct::test {
namespace {

using attest::snp::Product;
using attest::snp::to_string;
using Key = std::shared_ptr<EVP_PKEY>;
using X509Ptr = std::shared_ptr<X509>;

// A broken test bench is no test failure: it ends the run.
void must(bool good) {
    if (!good) std::abort();
}

std::int64_t seconds(WallTime time) { return std::chrono::floor<Seconds>(time).time_since_epoch().count(); }

// RSASSA-PSS with SHA-384, as AMD signs. AMD's keys have 4096 bits, which take seconds to make.
void sign_pss(EVP_MD_CTX* context, EVP_PKEY* key) {
    EVP_PKEY_CTX* parameters = nullptr;
    must(EVP_DigestSignInit(context, &parameters, EVP_sha384(), nullptr, key) == 1);
    must(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1);
    must(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 48) == 1);
}

X509Ptr blank(const std::string& subject, const std::string& issuer, EVP_PKEY* key, WallTime from, WallTime until,
              long serial) {
    X509Ptr out(X509_new(), X509_free);
    must(out != nullptr && X509_set_version(out.get(), X509_VERSION_3) == 1);
    must(ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial) == 1);
    must(ASN1_TIME_set(X509_getm_notBefore(out.get()), seconds(from)) != nullptr);
    must(ASN1_TIME_set(X509_getm_notAfter(out.get()), seconds(until)) != nullptr);
    const auto name = [](X509_NAME* into, const std::string& text) {
        must(X509_NAME_add_entry_by_txt(into, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.data()),
                                        static_cast<int>(text.size()), -1, 0) == 1);
    };
    name(X509_get_subject_name(out.get()), subject);
    name(X509_get_issuer_name(out.get()), issuer);
    must(X509_set_pubkey(out.get(), key) == 1);
    return out;
}

void add_raw(X509* certificate, const std::string& oid, ByteView content) {
    ASN1_OBJECT* object = OBJ_txt2obj(oid.c_str(), 1);
    ASN1_OCTET_STRING* data = ASN1_OCTET_STRING_new();
    must(object != nullptr && data != nullptr &&
         ASN1_OCTET_STRING_set(data, content.data(), static_cast<int>(content.size())) == 1);
    X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, object, 0, data);
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(object);
}

void add_ca(X509* certificate) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

void sign_certificate(X509* certificate, EVP_PKEY* key) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    sign_pss(context, key);
    must(X509_sign_ctx(certificate, context) > 0);
    EVP_MD_CTX_free(context);
}

template <class T>
Bytes der_of(T* object, int (*encode)(const T*, unsigned char**)) {
    unsigned char* der = nullptr;
    const int size = encode(object, &der);
    must(size > 0);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

Bytes der_integer(std::uint8_t value) {
    if (value < 0x80) return {0x02, 1, value};
    return {0x02, 2, 0, value};
}

Bytes der_text(const std::string& text) {
    Bytes out;
    out.reserve(2 + text.size());
    out.push_back(0x16);
    out.push_back(static_cast<std::uint8_t>(text.size()));
    append(out, as_bytes(text));
    return out;
}

ByteArray<8> tcb_of(Product product) {
    if (product == Product::turin) return {1, 2, 3, 4, 0, 0, 0, 0xdb};
    return {4, 0, 0, 0, 0, 0, 24, 0xdb};
}

ByteArray<3> cpuid_of(Product product) {
    switch (product) {
        case Product::milan:
            return {0x19, 0x01, 0x01};
        case Product::genoa:
            return {0x19, 0xa0, 0x02};
        case Product::turin:
            return {0x1a, 0x02, 0x01};
    }
    return {};
}

void put(Bytes& out, std::size_t at, ByteView field) { std::ranges::copy(field, out.begin() + static_cast<long>(at)); }
void put_le(Bytes& out, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

struct SimulatedSnp::State {
    Options options;
    Key ark, ask, leaf;
    X509Ptr ark_certificate, ask_certificate, leaf_certificate;
    ByteArray<64> chip_id{};
};

SimulatedSnp::SimulatedSnp(Options options) : state_(std::make_shared<State>()) {
    State& s = *state_;
    s.options = std::move(options);
    static std::map<int, std::pair<Key, Key>> makers;
    auto& [ark_key, ask_key] = makers[s.options.maker];
    if (!ark_key) {
        ark_key = Key(EVP_RSA_gen(2048), EVP_PKEY_free);
        ask_key = Key(EVP_RSA_gen(2048), EVP_PKEY_free);
    }
    s.ark = ark_key;
    s.ask = ask_key;
    s.leaf = Key(EVP_EC_gen("P-384"), EVP_PKEY_free);
    const Product product = s.options.product;
    const bool turin = product == Product::turin;
    // A chip id that starts like a DER INTEGER, as one chip in a hundred has.
    for (std::size_t i = 0; i < (turin ? 8U : 64U); ++i)
        s.chip_id[i] = static_cast<std::uint8_t>(i + 2);
    const std::string name(to_string(product));
    const std::string ark = "ARK-" + name, ask = (s.options.vlek ? "SEV-VLEK-" : "SEV-") + name;
    const WallTime from = s.options.at - std::chrono::days(180), until = s.options.at + std::chrono::days(180);
    s.ark_certificate = blank(ark, ark, s.ark.get(), from, until, 0x010000);
    add_ca(s.ark_certificate.get());
    sign_certificate(s.ark_certificate.get(), s.ark.get());
    s.ask_certificate = blank(ask, ark, s.ask.get(), from, until, s.options.ask_serial);
    add_ca(s.ask_certificate.get());
    sign_certificate(s.ask_certificate.get(), s.ark.get());

    const auto tcb = attest::snp::decode_tcb(tcb_of(product), product);
    SnpCertificate certificate;
    certificate.not_before = from;
    certificate.not_after = until;
    const std::string arc = "1.3.6.1.4.1.3704.1.";
    certificate.extensions = {{arc + "1", der_integer(turin ? 1 : 0)},
                              {arc + "2", der_text(product == Product::milan && !s.options.vlek ? "Milan-B0" : name)},
                              {arc + "3.1", der_integer(tcb.boot_loader)},
                              {arc + "3.2", der_integer(tcb.tee)},
                              {arc + "3.3", der_integer(tcb.snp)},
                              {arc + "3.8", der_integer(tcb.microcode)}};
    if (turin) certificate.extensions[arc + "3.9"] = der_integer(tcb.fmc);
    if (s.options.vlek)
        certificate.extensions[arc + "5"] = der_text("CN=cloud.example");
    else
        certificate.extensions[arc + "4"] = Bytes(s.chip_id.begin(), s.chip_id.begin() + (turin ? 8 : 64));
    if (s.options.bend_certificate) s.options.bend_certificate(certificate);
    s.leaf_certificate = blank("SEV-VCEK", ask, s.leaf.get(), certificate.not_before, certificate.not_after, 0);
    for (const auto& [oid, content] : certificate.extensions)
        add_raw(s.leaf_certificate.get(), oid, content);
    if (!certificate.twice.empty())
        add_raw(s.leaf_certificate.get(), certificate.twice, certificate.extensions.at(certificate.twice));
    sign_certificate(s.leaf_certificate.get(), s.ask.get());
}

namespace {

std::string pem_of(X509* certificate) {
    BIO* bio = BIO_new(BIO_s_mem());
    must(bio != nullptr && PEM_write_bio_X509(bio, certificate) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string out(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
}

}  // namespace

std::string SimulatedSnp::root_pem() const { return pem_of(state_->ark_certificate.get()); }
std::string SimulatedSnp::intermediate_pem() const { return pem_of(state_->ask_certificate.get()); }

Bytes SimulatedSnp::signing_key_certificate() const { return der_of<X509>(state_->leaf_certificate.get(), i2d_X509); }
Bytes SimulatedSnp::intermediate_certificate() const { return der_of<X509>(state_->ask_certificate.get(), i2d_X509); }

Bytes SimulatedSnp::host_table() const {
    return certificate_table({{state_->options.vlek ? guid::kVlek : guid::kVcek, signing_key_certificate()},
                              {guid::kAsk, intermediate_certificate()}});
}

Bytes certificate_table(const std::vector<std::pair<std::string, Bytes>>& entries) {
    constexpr std::size_t entry = 24;
    Bytes out((entries.size() + 1) * entry);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        std::string digits = entries[i].first;
        std::erase(digits, '-');
        Bytes id = hex_decode(digits, 16).value();
        std::reverse(id.begin(), id.begin() + 4);
        std::reverse(id.begin() + 4, id.begin() + 6);
        std::reverse(id.begin() + 6, id.begin() + 8);
        put(out, i * entry, id);
        put_le(out, i * entry + 16, out.size(), 4);
        put_le(out, i * entry + 20, entries[i].second.size(), 4);
        append(out, entries[i].second);
    }
    return out;
}

Bytes SimulatedSnp::revocation_list(std::vector<long> serials, WallTime from, WallTime until) const {
    const std::shared_ptr<X509_CRL> list(X509_CRL_new(), X509_CRL_free);
    must(list != nullptr && X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1);
    must(X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(state_->ark_certificate.get())) == 1);
    const std::shared_ptr<ASN1_TIME> first(ASN1_TIME_set(nullptr, seconds(from)), ASN1_TIME_free);
    const std::shared_ptr<ASN1_TIME> last(ASN1_TIME_set(nullptr, seconds(until)), ASN1_TIME_free);
    must(X509_CRL_set1_lastUpdate(list.get(), first.get()) == 1 &&
         X509_CRL_set1_nextUpdate(list.get(), last.get()) == 1);
    for (const long serial : serials) {
        X509_REVOKED* entry = X509_REVOKED_new();
        const std::shared_ptr<ASN1_INTEGER> number(ASN1_INTEGER_new(), ASN1_INTEGER_free);
        must(entry != nullptr && ASN1_INTEGER_set(number.get(), serial) == 1);
        must(X509_REVOKED_set_serialNumber(entry, number.get()) == 1);
        must(X509_REVOKED_set_revocationDate(entry, first.get()) == 1);
        must(X509_CRL_add0_revoked(list.get(), entry) == 1);
    }
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    sign_pss(context, state_->ark.get());
    must(X509_CRL_sign_ctx(list.get(), context) > 0);
    EVP_MD_CTX_free(context);
    return der_of<X509_CRL>(list.get(), i2d_X509_CRL);
}

SnpReport SimulatedSnp::fields() const {
    SnpReport out;
    out.reported_tcb = out.committed_tcb = out.launch_tcb = out.current_tcb = tcb_of(state_->options.product);
    out.cpuid = cpuid_of(state_->options.product);
    if (state_->options.vlek)
        out.flags = 1U << 2;
    else
        out.chip_id = state_->chip_id;
    out.measurement.fill(0xaa);
    out.host_data.fill(0xbb);
    out.id_key_digest.fill(0xcc);
    return out;
}

Bytes SnpReport::unsigned_bytes() const {
    Bytes out(attest::snp::kReportSize);
    put_le(out, 0x000, version, 4);
    put_le(out, 0x004, guest_svn, 4);
    put_le(out, 0x008, policy, 8);
    put(out, 0x010, family_id);
    put(out, 0x020, image_id);
    put_le(out, 0x030, vmpl, 4);
    put_le(out, 0x034, algorithm, 4);
    put(out, 0x038, current_tcb);
    put_le(out, 0x040, platform_info, 8);
    put_le(out, 0x048, flags, 4);
    put(out, 0x050, report_data);
    put(out, 0x090, measurement);
    put(out, 0x0c0, host_data);
    put(out, 0x0e0, id_key_digest);
    put(out, 0x110, author_key_digest);
    put(out, 0x160, report_id_ma);
    put(out, 0x180, reported_tcb);
    if (version >= 3) put(out, 0x188, cpuid);
    put(out, 0x1a0, chip_id);
    put(out, 0x1e0, committed_tcb);
    put(out, 0x1f0, launch_tcb);
    return out;
}

Bytes SimulatedSnp::sign(const SnpReport& report) const { return sign_bytes(report.unsigned_bytes()); }

Bytes SimulatedSnp::sign_bytes(Bytes report) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, nullptr, EVP_sha384(), nullptr, state_->leaf.get()) == 1);
    unsigned char der[256];
    std::size_t size = sizeof der;
    must(EVP_DigestSign(context, der, &size, report.data(), attest::snp::kSignedSize) == 1);
    EVP_MD_CTX_free(context);
    const unsigned char* at = der;
    const std::shared_ptr<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)), ECDSA_SIG_free);
    must(signature != nullptr);
    must(BN_bn2lebinpad(ECDSA_SIG_get0_r(signature.get()), &report[0x2a0], 72) == 72);
    must(BN_bn2lebinpad(ECDSA_SIG_get0_s(signature.get()), &report[0x2a0 + 72], 72) == 72);
    return report;
}

}  // namespace ct::test
