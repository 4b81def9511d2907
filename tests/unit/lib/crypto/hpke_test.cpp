// SPDX-License-Identifier: Apache-2.0
#include "crypto/hpke.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/hex.h"
#include "crypto/hpke_schedule.h"

namespace ct::crypto::hpke {
namespace {

Bytes hex(std::string_view text) { return hex_decode(text, 4096).value(); }

struct Vector {
    std::string_view name;
    Aead aead;
    std::string_view ikm_e, pk_em, sk_em, ikm_r, pk_rm, sk_rm, shared_secret, context, secret, key, base_nonce, ct;
};

constexpr std::string_view kInfo = "4f6465206f6e2061204772656369616e2055726e";
constexpr std::string_view kAad = "436f756e742d30";
constexpr std::string_view kPlain = "4265617574792069732074727574682c20747275746820626561757479";

const Vector kVectors[] = {
    // RFC 9180 appendix A.1.1, sequence number 0
    {"A.1.1 AES-128-GCM", Aead::aes_128_gcm, "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234",
     "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
     "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
     "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037",
     "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
     "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
     "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
     "00725611c9d98c07c03f60095cd32d400d8347d45ed67097bbad50fc56da742d07"
     "cb6cffde367bb0565ba28bb02c90744a20f5ef37f30523526106f637abb05449",
     "12fff91991e93b48de37e7daddb52981084bd8aa64289c3788471d9a9712f397", "4531685d41d65f03dc48f6b8302c05b0",
     "56d890e5accaaf011cff4b7d",
     "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"},
    // RFC 9180 appendix A.2.1, sequence number 0
    {"A.2.1 ChaCha20Poly1305", Aead::chacha20_poly1305,
     "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
     "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
     "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
     "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
     "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
     "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
     "0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7",
     "00431df6cd95e11ff49d7013563baf7f11588c75a6611ee2a4404a49306ae4cfc5"
     "b69c5718a60cc5876c358d3f7fc31ddb598503f67be58ea1e798c0bb19eb9796",
     "5b9cd775e64b437a2335cf499361b2e0d5e444d5cb41a8a53336d8fe402282c6",
     "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91", "5c4d98150661b848853b547f",
     "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"},
};

std::string text(const SecretBuffer& secret) { return hex_encode(secret.bytes()); }
PublicKey public_key(std::string_view digits) { return hex_decode_array<32>(digits).value(); }
KeyPair pair(std::string_view ikm) { return derive_key_pair(hex(ikm)).value(); }

class Rfc9180 : public testing::TestWithParam<Vector> {};

TEST_P(Rfc9180, KeyPairsAreDerivedAsWritten) {
    const Vector& v = GetParam();
    const KeyPair e = pair(v.ikm_e);
    const KeyPair r = pair(v.ikm_r);
    EXPECT_EQ(hex_encode(e.public_key), v.pk_em);
    EXPECT_EQ(text(e.private_key), v.sk_em);
    EXPECT_EQ(hex_encode(r.public_key), v.pk_rm);
    EXPECT_EQ(text(r.private_key), v.sk_rm);
}

TEST_P(Rfc9180, BothEndsReachTheSharedSecret) {
    const Vector& v = GetParam();
    const auto e = public_key(v.pk_em);
    const auto r = public_key(v.pk_rm);
    EXPECT_EQ(text(shared_secret(hex(v.sk_em), r, e, r).value()), v.shared_secret);
    EXPECT_EQ(text(shared_secret(hex(v.sk_rm), e, e, r).value()), v.shared_secret);
}

TEST_P(Rfc9180, TheKeyScheduleGivesEachValue) {
    const Vector& v = GetParam();
    const auto schedule = key_schedule(hex(v.shared_secret), hex(kInfo), v.aead);
    ASSERT_TRUE(schedule);
    EXPECT_EQ(hex_encode(schedule->context), v.context);
    EXPECT_EQ(text(schedule->secret), v.secret);
    EXPECT_EQ(text(schedule->key), v.key);
    EXPECT_EQ(text(schedule->base_nonce), v.base_nonce);
}

TEST_P(Rfc9180, SealsAndOpensTheMessage) {
    const Vector& v = GetParam();
    auto sealed = seal_with(pair(v.ikm_e), public_key(v.pk_rm), hex(kInfo), hex(kAad), hex(kPlain), v.aead);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(hex_encode(*sealed), std::string(v.pk_em) + std::string(v.ct));
    auto opened = open(pair(v.ikm_r), hex(kInfo), hex(kAad), *sealed, v.aead);
    ASSERT_TRUE(opened);
    EXPECT_EQ(text(*opened), kPlain);
}

INSTANTIATE_TEST_SUITE_P(Vectors, Rfc9180, testing::ValuesIn(kVectors),
                         [](const auto& row) { return row.param.aead == Aead::aes_128_gcm ? "A_1_1" : "A_2_1"; });

// The RFC has no vector for X25519 with AES-256-GCM. This one was made by another implementation (pyhpke 0.6, which
// reproduces A.1.1) from the keys of A.1.1.
TEST(Hpke, Aes256GcmAgreesWithAnotherImplementation) {
    auto sealed = seal_with(pair(kVectors[0].ikm_e), public_key(kVectors[0].pk_rm), hex(kInfo), hex(kAad), hex(kPlain),
                            Aead::aes_256_gcm);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(hex_encode(*sealed),
              std::string(kVectors[0].pk_em) +
                  "090b7dc225419f7da9e8b460becfbb96a26c7964d79b8010d397fa838530a32a397b14f5776db19ff5e"
                  "57734e0");
}

struct Sealed {
    KeyPair recipient = generate_key_pair().value();
    Bytes message = seal(recipient.public_key, as_bytes("info"), as_bytes("aad"), as_bytes("token")).value();
};

TEST(Hpke, OpensWhatWasSealedToIt) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16}, std::size_t{100'000}}) {
        const Sealed s;
        const Bytes plain(size, 0x5A);
        const auto sealed = seal(s.recipient.public_key, {}, {}, plain).value();
        EXPECT_EQ(sealed.size(), kEncapsulated + size + kTag);
        auto opened = open(s.recipient, {}, {}, sealed);
        ASSERT_TRUE(opened) << size;
        EXPECT_TRUE(std::ranges::equal(opened->bytes(), plain));
    }
}

TEST(Hpke, NeverSealsTwiceAlike) {
    const Sealed s;
    EXPECT_NE(seal(s.recipient.public_key, {}, {}, as_bytes("x")).value(),
              seal(s.recipient.public_key, {}, {}, as_bytes("x")).value());
}

TEST(Hpke, AnyFlippedBitIsRefused) {
    const Sealed s;
    ASSERT_TRUE(open(s.recipient, as_bytes("info"), as_bytes("aad"), s.message));
    for (std::size_t bit = 0; bit < s.message.size() * 8; ++bit) {
        Bytes bad = s.message;
        bad[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        // X25519 ignores the top bit of a coordinate (RFC 7748 section 5), yet enc is hashed into the key.
        auto opened = open(s.recipient, as_bytes("info"), as_bytes("aad"), bad);
        ASSERT_FALSE(opened) << bit;
        EXPECT_EQ(opened.error().reason, Reason::seal_invalid);
    }
}

TEST(Hpke, AnyTruncationOrExtensionIsRefused) {
    const Sealed s;
    for (std::size_t size = 0; size < s.message.size(); ++size)
        EXPECT_EQ(open(s.recipient, as_bytes("info"), as_bytes("aad"), ByteView(s.message).first(size)).error().reason,
                  Reason::seal_invalid);
    Bytes longer = s.message;
    longer.push_back(0);
    EXPECT_EQ(open(s.recipient, as_bytes("info"), as_bytes("aad"), longer).error().reason, Reason::seal_invalid);
}

TEST(Hpke, OtherContextKeyOrAeadIsRefused) {
    const Sealed s;
    const Sealed other;
    const auto refused = [](const Result<SecretBuffer>& opened) {
        return !opened && opened.error().reason == Reason::seal_invalid;
    };
    EXPECT_TRUE(refused(open(s.recipient, as_bytes("Info"), as_bytes("aad"), s.message)));
    EXPECT_TRUE(refused(open(s.recipient, as_bytes("info"), as_bytes("Aad"), s.message)));
    EXPECT_TRUE(refused(open(s.recipient, as_bytes("info"), {}, s.message)));
    EXPECT_TRUE(refused(open(other.recipient, as_bytes("info"), as_bytes("aad"), s.message)));
    EXPECT_TRUE(refused(open(s.recipient, as_bytes("info"), as_bytes("aad"), s.message, Aead::chacha20_poly1305)));
    EXPECT_TRUE(refused(open(s.recipient, as_bytes("info"), as_bytes("aad"), s.message, Aead::aes_128_gcm)));
    EXPECT_FALSE(open(s.recipient, {}, {}, s.message, static_cast<Aead>(0xffff)));
    EXPECT_FALSE(seal(s.recipient.public_key, {}, {}, {}, static_cast<Aead>(0)));
}

// A sealer who picks such a key would know the shared secret without a private key of his own (RFC 9180 section 7.1.4).
TEST(Hpke, KeysOfSmallOrderAreRefused) {
    const Sealed s;
    const std::string_view small[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (const auto digits : small) {
        Bytes message = s.message;
        std::ranges::copy(hex(digits), message.begin());
        EXPECT_EQ(open(s.recipient, as_bytes("info"), as_bytes("aad"), message).error().reason, Reason::seal_invalid);
        EXPECT_EQ(seal(public_key(digits), {}, {}, as_bytes("x")).error().reason, Reason::seal_invalid);
    }
}

}  // namespace
}  // namespace ct::crypto::hpke
