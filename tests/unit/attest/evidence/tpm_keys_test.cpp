// SPDX-License-Identifier: Apache-2.0
// TPMT_PUBLIC, TPMT_SIGNATURE and the composite digest, on hand-made structures and on quotes of real TPMs.
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "attest/evidence/pcr.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/evidence/tpm_public.h"
#include "attest/evidence/tpm_signature.h"
#include "base/limits.h"
#include "codec/hex.h"
#include "support/tpm_builder.h"
#include "support/vectors.h"

namespace ct::attest::tpm {
namespace {

using test::ByteBuilder;

struct PublicFields {
    std::uint16_t type = alg::kRsa, name_hash = alg::kSha256;
    std::uint32_t attributes = 0x00050072;
    Bytes policy;
    Bytes symmetric = ByteBuilder().be16(alg::kNull);
    Bytes scheme = ByteBuilder().be16(alg::kRsaSsa).be16(alg::kSha256);
    Bytes rest = ByteBuilder().be16(2048).be32(0).tpm2b(Bytes(256, 0xc1));
    [[nodiscard]] Bytes bytes() const {
        return ByteBuilder()
            .be16(type)
            .be16(name_hash)
            .be32(attributes)
            .tpm2b(policy)
            .raw(symmetric)
            .raw(scheme)
            .raw(rest);
    }
};

PublicFields ecc() {
    PublicFields fields;
    fields.type = alg::kEcc;
    fields.scheme = ByteBuilder().be16(alg::kEcdsa).be16(alg::kSha256);
    // The generator of P-256 is a point of it.
    fields.rest =
        ByteBuilder()
            .be16(curve::kP256)
            .be16(alg::kNull)
            .tpm2b(hex_decode("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", 64).value())
            .tpm2b(hex_decode("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5", 64).value());
    return fields;
}

TEST(TpmPublic, OfRsaGivesEveryField) {
    const Bytes bytes = PublicFields{}.bytes();
    const auto key = parse_public(bytes);
    ASSERT_TRUE(key) << key.error().to_string();
    EXPECT_EQ(key->key_bits, 2048);
    EXPECT_EQ(key->exponent, 65537u);
    EXPECT_EQ(to_vector(key->modulus), Bytes(256, 0xc1));
    EXPECT_EQ(key->scheme, alg::kRsaSsa);
    EXPECT_EQ(key->scheme_hash, alg::kSha256);
    EXPECT_TRUE(key->has(attribute::kRestricted | attribute::kSign | attribute::kFixedTpm));
    EXPECT_FALSE(key->has(attribute::kDecrypt));
    EXPECT_TRUE(key_of(*key));
    EXPECT_EQ(hex_encode(name_of(*key).value()), "000b" + hex_encode(crypto::sha256(bytes)));
    EXPECT_EQ(fingerprint_of(*key), crypto::sha256(bytes));
}

TEST(TpmPublic, OfEccGivesEveryField) {
    const Bytes bytes = ecc().bytes();
    const auto key = parse_public(bytes);
    ASSERT_TRUE(key) << key.error().to_string();
    EXPECT_EQ(key->curve, curve::kP256);
    EXPECT_EQ(key->x.size(), 32u);
    EXPECT_TRUE(key_of(*key));
}

TEST(TpmPublic, OfEachCurveOfThePolicyGivesAKey) {
    const struct {
        std::uint16_t curve;
        std::string_view x, y;  // the curve's generator: SP 800-186, section 3.2.1
    } rows[] = {
        {curve::kP384,
         "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
         "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"},
        {curve::kP521,
         "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1"
         "856a429bf97e7e31c2e5bd66",
         "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086"
         "a272c24088be94769fd16650"}};
    for (const auto& row : rows) {
        const Bytes x = hex_decode(row.x, 66).value(), y = hex_decode(row.y, 66).value();
        PublicFields fields = ecc();
        fields.rest = ByteBuilder().be16(row.curve).be16(alg::kNull).tpm2b(x).tpm2b(y);
        const Bytes bytes = fields.bytes();
        const auto parsed = parse_public(bytes);
        ASSERT_TRUE(parsed) << parsed.error().to_string();
        const auto key = key_of(*parsed);
        EXPECT_TRUE(key) << row.curve << ": " << key.error().to_string();
        fields.rest.back() ^= 1;
        const Bytes off = fields.bytes();
        EXPECT_EQ(key_of(parse_public(off).value()).error().reason, Reason::evidence_malformed) << row.curve;
    }
}

TEST(TpmPublic, OfAStorageKeyGivesItsCipher) {
    PublicFields fields;
    fields.attributes = 0x000300b2;
    fields.policy = Bytes(32, 9);
    fields.symmetric = ByteBuilder().be16(alg::kAes).be16(128).be16(alg::kCfb);
    fields.scheme = ByteBuilder().be16(alg::kNull);
    const Bytes bytes = fields.bytes();
    const auto key = parse_public(bytes);
    ASSERT_TRUE(key) << key.error().to_string();
    EXPECT_EQ(key->symmetric, alg::kAes);
    EXPECT_EQ(key->symmetric_bits, 128);
    EXPECT_EQ(key->symmetric_mode, alg::kCfb);
    EXPECT_EQ(key->scheme, alg::kNull);
    EXPECT_EQ(to_vector(key->auth_policy), Bytes(32, 9));
}

TEST(TpmPublic, CutShortOrWithBytesAfterItIsMalformed) {
    for (Bytes bytes : {PublicFields{}.bytes(), ecc().bytes()}) {
        for (std::size_t size = 0; size < bytes.size(); ++size)
            EXPECT_FALSE(parse_public(ByteView(bytes).first(size)));
        bytes.push_back(0);
        EXPECT_FALSE(parse_public(bytes));
    }
}

TEST(TpmPublic, IsRefusedForEachBadField) {
    struct Case {
        std::string_view what;
        std::function<PublicFields()> fields;
        Reason reason;
    };
    const auto rsa = [](auto change) {
        return [=] {
            PublicFields fields;
            change(fields);
            return fields;
        };
    };
    for (const Case& one : std::vector<Case>{
             {"a keyed hash", rsa([](auto& f) { f.type = 0x0008; }), Reason::evidence_algorithm_weak},
             {"an unknown scheme", rsa([](auto& f) { f.scheme = ByteBuilder().be16(0x7777); }),
              Reason::evidence_malformed},
             {"a policy too long", rsa([](auto& f) { f.policy = Bytes(65); }), Reason::evidence_malformed},
             {"a modulus not of its size",
              rsa([](auto& f) { f.rest = ByteBuilder().be16(2048).be32(0).tpm2b(Bytes(255, 1)); }),
              Reason::evidence_malformed},
             {"a modulus too long",
              rsa([](auto& f) { f.rest = ByteBuilder().be16(4104).be32(0).tpm2b(Bytes(513, 1)); }),
              Reason::evidence_malformed},
             {"too large", rsa([](auto& f) { f.policy = Bytes(limits::kTpmPublic); }), Reason::evidence_too_large},
         }) {
        const auto key = parse_public(one.fields().bytes());
        ASSERT_FALSE(key) << one.what;
        EXPECT_EQ(key.error().reason, one.reason) << one.what;
    }
}

TEST(TpmPublic, GivesNoKeyWhereItWouldBeWeakOrNone) {
    struct Case {
        std::string_view what;
        PublicFields fields;
        Reason reason;
    };
    Case small{"RSA of 1024 bits", {}, Reason::evidence_algorithm_weak};
    small.fields.rest = ByteBuilder().be16(1024).be32(0).tpm2b(Bytes(128, 0xc1));
    Case even{"an even modulus", {}, Reason::evidence_malformed};
    even.fields.rest = ByteBuilder().be16(2048).be32(0).tpm2b(Bytes(256, 0xc2));
    Case off_curve{"a point off its curve", ecc(), Reason::evidence_malformed};
    off_curve.fields.rest.back() ^= 1;
    Case other_curve{"the curve BN-256", ecc(), Reason::evidence_algorithm_weak};
    other_curve.fields.rest[1] = 0x10;
    for (const Case& one : {small, even, off_curve, other_curve}) {
        const Bytes bytes = one.fields.bytes();
        const auto parsed = parse_public(bytes);
        ASSERT_TRUE(parsed) << one.what << ": " << parsed.error().to_string();
        const auto key = key_of(*parsed);
        ASSERT_FALSE(key) << one.what;
        EXPECT_EQ(key.error().reason, one.reason) << one.what << ": " << key.error().context;
    }
    constexpr std::uint16_t sm3 = 0x0012;
    for (const std::uint16_t weak : {alg::kSha1, alg::kNull, sm3}) {
        PublicFields fields;
        fields.name_hash = weak;
        const Bytes bytes = fields.bytes();
        EXPECT_EQ(name_of(parse_public(bytes).value()).error().reason, Reason::evidence_algorithm_weak) << weak;
    }
}

TEST(TpmSignature, OfEachSchemeIsRead) {
    const Bytes rsa = ByteBuilder().be16(alg::kRsaPss).be16(alg::kSha384).tpm2b(Bytes(256, 1));
    const auto one = parse_signature(rsa);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->scheme, alg::kRsaPss);
    EXPECT_EQ(one->hash, alg::kSha384);
    EXPECT_EQ(one->rsa.size(), 256u);
    const Bytes ecdsa = ByteBuilder().be16(alg::kEcdsa).be16(alg::kSha256).tpm2b(Bytes(31, 1)).tpm2b(Bytes(32, 2));
    const auto two = parse_signature(ecdsa);
    ASSERT_TRUE(two);
    EXPECT_EQ(two->r.size(), 31u);
    EXPECT_EQ(two->s.size(), 32u);
}

TEST(TpmSignature, OfAnotherFormIsRefused) {
    const Bytes good = ByteBuilder().be16(alg::kEcdsa).be16(alg::kSha256).tpm2b(Bytes(32, 1)).tpm2b(Bytes(32, 2));
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_EQ(parse_signature(ByteView(good).first(size)).error().reason, Reason::evidence_malformed);
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(parse_signature(longer).error().reason, Reason::evidence_malformed);
    EXPECT_EQ(parse_signature(Bytes(limits::kTpmSignature + 1)).error().reason, Reason::evidence_too_large);
    for (const std::uint16_t scheme : {alg::kEcdaa, alg::kSm2, alg::kNull, std::uint16_t{0x0005}}) {
        const Bytes other = ByteBuilder().be16(scheme).be16(alg::kSha256).tpm2b(Bytes(32, 1)).tpm2b(Bytes(32, 2));
        EXPECT_EQ(parse_signature(other).error().reason, Reason::evidence_algorithm_weak) << scheme;
    }
    const Bytes large_r = ByteBuilder().be16(alg::kEcdsa).be16(alg::kSha256).tpm2b(Bytes(67, 1)).tpm2b(Bytes(32, 2));
    EXPECT_EQ(parse_signature(large_r).error().reason, Reason::evidence_malformed);
}

// tpm/*.pcrs-sha256.txt: "INDEX HEX" a line.
std::vector<Bytes> pcr_file(const std::string& name) {
    std::istringstream in{std::string(as_text(test::read_vector(name)))};
    std::vector<Bytes> values;
    unsigned index = 0;
    for (std::string hex; in >> index >> hex;)
        values.push_back(hex_decode(hex, 64).value());
    return values;
}

TEST(TpmVectors, SignaturesVerifyAndCompositesMatch) {
    CT_NEEDS_VECTORS();
    for (const std::string name : {"azure-milan-snp", "azure-spr-tdx", "swtpm"}) {
        const Bytes attest = test::read_vector("tpm/" + name + ".quote.msg.bin");
        const auto quote = parse_quote(attest);
        ASSERT_TRUE(quote) << name;
        const auto pem = test::read_vector("tpm/" + name + ".ak.pub.pem");
        const auto key = crypto::PublicKey::from_pem(as_text(pem));
        ASSERT_TRUE(key) << name;
        Bytes tpmt;
        if (name == "swtpm") {
            tpmt = test::read_vector("tpm/swtpm.quote.sig-tpmt.bin");
        } else {
            tpmt = ByteBuilder()
                       .be16(alg::kRsaSsa)
                       .be16(alg::kSha256)
                       .tpm2b(test::read_vector("tpm/" + name + ".quote.sig-rsassa.bin"));
        }
        const auto signature = parse_signature(tpmt);
        ASSERT_TRUE(signature) << name;
        EXPECT_EQ(signature->scheme, alg::kRsaSsa);
        const auto hash = hash_of(signature->hash).value();
        EXPECT_TRUE(key->verify(crypto::SignatureScheme::rsa_pkcs1, hash, attest, signature->rsa)) << name;

        const auto pcrs = pcr_file("tpm/" + name + ".pcrs-sha256.txt");
        ASSERT_EQ(pcrs.size(), kPcrs) << name;
        std::array<ByteView, kPcrs> views;
        std::copy(pcrs.begin(), pcrs.end(), views.begin());
        EXPECT_EQ(composite_digest(hash, quote->selections()[0].mask, views), to_vector(quote->pcr_digest)) << name;
    }
}

TEST(TpmVectors, NameOfAnAttestationKeyIsItsTpms) {
    CT_NEEDS_VECTORS();
    const Bytes sized = test::read_vector("tpm/ibm-swtpm.ak.tpm2b-public.bin");
    const auto key = parse_public(ByteView(sized).subspan(2));
    ASSERT_TRUE(key) << key.error().to_string();
    EXPECT_EQ(name_of(*key).value(), test::read_vector("tpm/ibm-swtpm.ak.name.bin"));
    EXPECT_TRUE(key->has(attribute::kRestricted | attribute::kSign | attribute::kFixedTpm | attribute::kFixedParent |
                         attribute::kSensitiveDataOrigin));
    const Bytes ek = test::read_vector("tpm/ibm-swtpm.ek.tpm2b-public.bin");
    const auto ek_key = parse_public(ByteView(ek).subspan(2));
    ASSERT_TRUE(ek_key) << ek_key.error().to_string();
    EXPECT_EQ(ek_key->attributes, 0x000300b2u);
    EXPECT_EQ(ek_key->symmetric, alg::kAes);
}

}  // namespace
}  // namespace ct::attest::tpm
