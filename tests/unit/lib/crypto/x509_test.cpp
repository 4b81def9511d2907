// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>

#include "base/fd.h"
#include "codec/hex.h"

namespace ct::crypto {
namespace {

const WallTime kAt = WallTime(Seconds(1'800'000'000));  // 2027-01-15; tests/vectors/x509/README.md
constexpr auto kYear = Seconds(365 * 86400);

std::string vector(std::string_view name) {
    return read_file(std::string(CT_SOURCE_DIR "/tests/vectors/x509/").append(name), 1 << 20).value();
}
Certificate certificate(std::string_view name) {
    return Certificate::from_pem(vector(std::string(name) + ".pem")).value();
}
template <class T>
std::string reason_of(const Result<T>& result) {
    return result ? "none" : std::string(to_string(result.error().reason));
}

struct ChainRow {
    std::string_view name, leaf, middle, root;
    WallTime at;
    std::string_view expected;
};

TEST(VerifyChain, AcceptsTheSoundAndNamesWhatIsNot) {
    const ChainRow rows[] = {
        {"sound", "leaf", "middle", "root", kAt, "none"},
        {"sound with RSA", "leaf-rsa2048", "middle", "root", kAt, "none"},
        {"a pinned intermediate anchors", "leaf", "", "middle", kAt, "none"},
        {"the leaf itself is pinned", "leaf", "", "leaf", kAt, "none"},
        {"expired", "leaf", "middle", "root", kAt + 2 * kYear, "evidence_certificate_expired"},
        {"not valid yet", "leaf", "middle", "root", kAt - 2 * kYear, "evidence_certificate_expired"},
        {"missing intermediate", "leaf", "", "root", kAt, "evidence_chain_invalid"},
        {"no root at all", "leaf", "middle", "", kAt, "evidence_chain_invalid"},
        {"another root of the same name", "leaf", "middle", "rogue-root", kAt, "evidence_chain_invalid"},
        {"a root that came along is not trusted", "leaf", "root", "", kAt, "evidence_chain_invalid"},
        {"signed by a certificate that is no CA", "leaf", "not-a-ca", "root", kAt, "evidence_chain_invalid"},
        {"signed by a leaf", "under-leaf", "leaf", "leaf", kAt, "evidence_chain_invalid"},
        {"a weak key", "weak-rsa1024", "middle", "root", kAt, "evidence_algorithm_weak"},
        {"expired and unsound is unsound", "leaf", "not-a-ca", "root", kAt + 2 * kYear, "evidence_chain_invalid"},
    };
    for (const ChainRow& row : rows) {
        std::vector<Certificate> middles;
        std::vector<Certificate> roots;
        if (!row.middle.empty()) middles.push_back(certificate(row.middle));
        if (!row.root.empty()) roots.push_back(certificate(row.root));
        EXPECT_EQ(reason_of(verify_chain(certificate(row.leaf), middles, roots, row.at)), row.expected) << row.name;
    }
}

TEST(VerifyChain, ExpiryEndsAtTheSecond) {
    const Certificate leaf = certificate("leaf");
    const std::vector<Certificate> middles = {certificate("middle")};
    const std::vector<Certificate> roots = {certificate("root")};
    EXPECT_TRUE(verify_chain(leaf, middles, roots, leaf.not_after() - Seconds(1)));
    EXPECT_FALSE(verify_chain(leaf, middles, roots, leaf.not_after()));  // OpenSSL's reading; RFC 5280 gives one more
    EXPECT_TRUE(verify_chain(leaf, middles, roots, leaf.not_before()));
    EXPECT_FALSE(verify_chain(leaf, middles, roots, leaf.not_before() - Seconds(1)));
}

TEST(VerifyChain, IsBounded) {
    const std::vector<Certificate> many(6, certificate("middle"));
    EXPECT_EQ(reason_of(verify_chain(certificate("leaf"), many, many, kAt)), "evidence_chain_invalid");
}

TEST(Certificate, ReadsDerWithoutAnythingBehindIt) {
    const Certificate leaf = certificate("leaf");
    Bytes der = leaf.der().value();
    auto again = Certificate::from_der(der);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->der().value(), der);
    for (std::size_t size = 0; size < der.size(); ++size)
        EXPECT_FALSE(Certificate::from_der(ByteView(der).first(size))) << size;
    der.push_back(0);
    EXPECT_EQ(reason_of(Certificate::from_der(der)), "malformed");
    EXPECT_EQ(reason_of(Certificate::from_der(Bytes(5000, 0x30))), "too_large");
}

TEST(Certificate, SaysWhatItHolds) {
    const Certificate leaf = certificate("leaf");
    EXPECT_EQ(leaf.subject(), "CN=Test Leaf");
    EXPECT_EQ(leaf.subject_name(), "Test Leaf");
    EXPECT_EQ(leaf.issuer_name(), "Test Middle");
    EXPECT_EQ(leaf.not_before(), WallTime(std::chrono::sys_days(std::chrono::year(2026) / 6 / 1)));
    EXPECT_EQ(leaf.not_after(), WallTime(std::chrono::sys_days(std::chrono::year(2027) / 6 / 1)));
    EXPECT_EQ(leaf.public_key()->bits(), 256U);
    EXPECT_FALSE(leaf.public_key()->is_rsa());
    EXPECT_EQ(leaf.spki_sha256().value(), sha256(leaf.public_key()->spki_der().value()));
    EXPECT_TRUE(certificate("leaf-rsa2048").public_key()->is_rsa());
}

TEST(Certificate, ReadsAChainOfAtMostTheGivenLength) {
    const std::string both = vector("leaf.pem") + "a comment between\n" + vector("middle.pem");
    auto chain = Certificate::chain_from_pem(both, 2);
    ASSERT_TRUE(chain);
    ASSERT_EQ(chain->size(), 2U);
    EXPECT_EQ(chain->at(1).subject(), "CN=Test Middle");
    EXPECT_EQ(reason_of(Certificate::chain_from_pem(both, 1)), "too_large");
    EXPECT_EQ(reason_of(Certificate::from_pem(both)), "too_large");
    EXPECT_EQ(reason_of(Certificate::chain_from_pem("", 2)), "malformed");
    EXPECT_EQ(reason_of(Certificate::chain_from_pem("no certificate here", 2)), "malformed");
    EXPECT_EQ(reason_of(Certificate::chain_from_pem(std::string(100'000, '\n'), 2)), "too_large");
}

TEST(Certificate, ABrokenBlockIsNotSkipped) {
    std::string broken = vector("middle.pem");
    broken[100] = '!';
    EXPECT_EQ(reason_of(Certificate::chain_from_pem(vector("leaf.pem") + broken, 2)), "malformed");
    EXPECT_EQ(reason_of(Certificate::chain_from_pem(vector("leaf.pem") + "-----BEGIN CERTIFICATE-----\n", 2)),
              "malformed");
}

struct SchemeRow {
    std::string_view file;
    SignatureScheme scheme;
    Hash hash;
};
constexpr SchemeRow kSchemes[] = {
    {"rsa-pkcs1-sha256", SignatureScheme::rsa_pkcs1, Hash::sha256},
    {"rsa-pss-sha256", SignatureScheme::rsa_pss, Hash::sha256},
    {"rsa-pss-sha384-max", SignatureScheme::rsa_pss, Hash::sha384},
    {"ecdsa-p256-sha256", SignatureScheme::ecdsa_der, Hash::sha256},
    {"ecdsa-p384-sha384", SignatureScheme::ecdsa_der, Hash::sha384},
};

TEST(PublicKey, VerifiesEachSchemeAndNothingElse) {
    const ByteView message = as_bytes("a message to verify");
    for (const SchemeRow& row : kSchemes) {
        SCOPED_TRACE(row.file);
        const std::string stored = vector(std::string(row.file) + ".sig");
        const Bytes signature = to_vector(as_bytes(stored));
        const PublicKey key = PublicKey::from_pem(vector(std::string(row.file) + ".pub.pem")).value();
        EXPECT_TRUE(key.verify(row.scheme, row.hash, message, signature));
        EXPECT_EQ(reason_of(key.verify(row.scheme, row.hash, as_bytes("A message to verify"), signature)),
                  "evidence_signature_invalid");
        EXPECT_EQ(reason_of(key.verify(row.scheme, Hash::sha512, message, signature)), "evidence_signature_invalid");
        EXPECT_EQ(reason_of(key.verify(row.scheme, Hash::sha1, message, signature)), "evidence_algorithm_weak");
        for (const auto other : {SignatureScheme::rsa_pkcs1, SignatureScheme::rsa_pss, SignatureScheme::ecdsa_der})
            if (other != row.scheme) {
                EXPECT_EQ(reason_of(key.verify(other, row.hash, message, signature)), "evidence_signature_invalid");
            }
        for (std::size_t i = 0; i < signature.size(); ++i) {
            Bytes bad = signature;
            bad[i] ^= 1U;
            EXPECT_EQ(reason_of(key.verify(row.scheme, row.hash, message, bad)), "evidence_signature_invalid") << i;
        }
        Bytes longer = signature;
        longer.push_back(0);
        EXPECT_FALSE(key.verify(row.scheme, row.hash, message, longer));
        EXPECT_FALSE(key.verify(row.scheme, row.hash, message, ByteView(signature).first(signature.size() - 1)));
        EXPECT_FALSE(key.verify(row.scheme, row.hash, message, {}));
    }
}

TEST(PublicKey, ComesBackFromItsDer) {
    for (const SchemeRow& row : kSchemes) {
        const PublicKey key = PublicKey::from_pem(vector(std::string(row.file) + ".pub.pem")).value();
        Bytes der = key.spki_der().value();
        EXPECT_EQ(PublicKey::from_spki_der(der)->spki_sha256().value(), key.spki_sha256().value());
        der.push_back(0);
        EXPECT_EQ(reason_of(PublicKey::from_spki_der(der)), "malformed");
        EXPECT_FALSE(PublicKey::from_spki_der(ByteView(der).first(der.size() - 2)));
    }
    EXPECT_FALSE(PublicKey::from_spki_der({}));
    EXPECT_EQ(reason_of(PublicKey::from_spki_der(Bytes(5000))), "too_large");
    EXPECT_FALSE(PublicKey::from_pem("nothing"));
    EXPECT_FALSE(PublicKey::from_pem(vector("leaf.pem")));
}

// The point and modulus lie at the end of the DER; what is built from them must be the same key.
TEST(PublicKey, IsBuiltFromTheNumbersOfATpm) {
    const PublicKey p256 = PublicKey::from_pem(vector("ecdsa-p256-sha256.pub.pem")).value();
    const Bytes der = p256.spki_der().value();
    const ByteView point = ByteView(der).last(64);
    auto built = PublicKey::from_ec("P-256", point.first(32), point.last(32));
    ASSERT_TRUE(built);
    EXPECT_EQ(built->spki_der().value(), der);
    Bytes padded(3, 0);
    append(padded, point.first(32));
    EXPECT_TRUE(PublicKey::from_ec("P-256", padded, point.last(32)));

    const PublicKey rsa = PublicKey::from_pem(vector("rsa-pss-sha256.pub.pem")).value();
    const Bytes rsa_der = rsa.spki_der().value();
    // ... INTEGER modulus, INTEGER 65537 (02 03 01 00 01)
    const ByteView modulus = ByteView(rsa_der).subspan(rsa_der.size() - 5 - 256, 256);
    auto rebuilt = PublicKey::from_rsa(modulus, 65537);
    ASSERT_TRUE(rebuilt);
    EXPECT_EQ(rebuilt->spki_der().value(), rsa_der);
    EXPECT_EQ(rebuilt->bits(), 2048U);
}

TEST(PublicKey, RefusesNumbersThatAreNoKey) {
    const PublicKey p256 = PublicKey::from_pem(vector("ecdsa-p256-sha256.pub.pem")).value();
    const Bytes der = p256.spki_der().value();
    const Bytes x = to_vector(ByteView(der).last(64).first(32));
    Bytes y = to_vector(ByteView(der).last(32));
    y.back() ^= 1U;
    EXPECT_EQ(reason_of(PublicKey::from_ec("P-256", x, y)), "malformed") << "a point off the curve";
    EXPECT_EQ(reason_of(PublicKey::from_ec("P-256", {}, {})), "malformed");
    EXPECT_EQ(reason_of(PublicKey::from_ec("P-256", Bytes(33, 1), x)), "malformed");
    EXPECT_EQ(reason_of(PublicKey::from_ec("secp256k1", x, y)), "malformed");
    EXPECT_EQ(reason_of(PublicKey::from_rsa({}, 65537)), "malformed");
    EXPECT_EQ(reason_of(PublicKey::from_rsa(Bytes(256, 0xfe), 65537)), "malformed") << "an even modulus";
    EXPECT_EQ(reason_of(PublicKey::from_rsa(Bytes(256, 0xff), 1)), "malformed");
    EXPECT_EQ(reason_of(PublicKey::from_rsa(Bytes(256, 0xff), 65536)), "malformed");
    EXPECT_EQ(reason_of(PublicKey::from_rsa(Bytes(2000, 0xff), 65537)), "too_large");
}

TEST(EcdsaToDer, GivesWhatTheVerifierTakes) {
    // DER of small numbers, by hand: SEQUENCE { INTEGER 1, INTEGER 0x80 }
    EXPECT_EQ(hex_encode(ecdsa_to_der(Bytes{0, 0, 1}, Bytes{0x80}).value()), "300702010102020080");
    EXPECT_EQ(reason_of(ecdsa_to_der(Bytes(67, 1), Bytes{1})), "malformed");
    const std::string stored = vector("ecdsa-p256-sha256.sig");
    const Bytes der = to_vector(as_bytes(stored));
    const std::size_t r_size = der[3];
    const ByteView r = ByteView(der).subspan(4, r_size);
    const ByteView s = ByteView(der).subspan(4 + r_size + 2);
    EXPECT_EQ(ecdsa_to_der(r, s).value(), der);
}

TEST(EncryptOaep, OpensWithTheSameHashAndLabelOnly) {
    EVP_PKEY* pair = EVP_RSA_gen(2048);
    ASSERT_NE(pair, nullptr);
    unsigned char* encoded = nullptr;
    const int size = i2d_PUBKEY(pair, &encoded);
    const PublicKey key = PublicKey::from_spki_der({encoded, static_cast<std::size_t>(size)}).value();
    OPENSSL_free(encoded);
    const std::string_view label("IDENTITY\0", 9);
    const Bytes sealed = key.encrypt_oaep(Hash::sha256, as_bytes(label), as_bytes("seed")).value();

    const auto opens_with = [&](std::string_view with, const EVP_MD* md) {
        EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(pair, nullptr);
        EXPECT_EQ(EVP_PKEY_decrypt_init(context), 1);
        EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
        EXPECT_EQ(EVP_PKEY_CTX_set_rsa_oaep_md(context, md), 1);
        EXPECT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md(context, md), 1);
        EXPECT_EQ(EVP_PKEY_CTX_set0_rsa_oaep_label(context, OPENSSL_memdup(with.data(), with.size()),
                                                   static_cast<int>(with.size())),
                  1);
        Bytes out(256);
        std::size_t length = out.size();
        const bool ok = EVP_PKEY_decrypt(context, out.data(), &length, sealed.data(), sealed.size()) == 1;
        EVP_PKEY_CTX_free(context);
        return ok && as_text(ByteView(out).first(length)) == "seed";
    };
    EXPECT_TRUE(opens_with(label, EVP_sha256()));
    EXPECT_FALSE(opens_with("IDENTITY", EVP_sha256()));
    EXPECT_FALSE(opens_with(label, EVP_sha384()));
    EVP_PKEY_free(pair);
    EXPECT_FALSE(key.encrypt_oaep(Hash::sha256, {}, Bytes(300, 1))) << "longer than the modulus";
    EXPECT_EQ(reason_of(PublicKey::from_pem(vector("ecdsa-p256-sha256.pub.pem"))->encrypt_oaep(Hash::sha256, {}, {})),
              "invalid_argument");
}

}  // namespace
}  // namespace ct::crypto
