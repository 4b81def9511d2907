// SPDX-License-Identifier: Apache-2.0
// Against the openssl program; the first block under a key of zeros is the well-known AES(0, 0). That a TPM undoes it is
// tested in tests/unit/attest/verify.
#include "crypto/cfb.h"

#include <gtest/gtest.h>

#include "codec/hex.h"
#include "crypto/ecdh.h"

namespace ct::crypto {
namespace {

TEST(AesCfb, AnswersAsTheOpensslProgram) {
    const auto zeros = aes_cfb_encrypt(Bytes(16), Bytes(40));
    ASSERT_TRUE(zeros) << zeros.error().to_string();
    EXPECT_EQ(hex_encode(*zeros), "66e94bd4ef8a2c3b884cfa59ca342b2ef795bd4a52e29ed713d313fa20e98dbca10cf66d0fddf340");
    const auto abc = aes_cfb_encrypt(Bytes(32, 1), as_bytes("abc"));
    ASSERT_TRUE(abc);
    EXPECT_EQ(hex_encode(*abc), "13faa9");
    EXPECT_TRUE(aes_cfb_encrypt(Bytes(24), {})->empty());
}

TEST(AesCfb, TakesKeysOfAesOnly) {
    for (const std::size_t size : {0, 15, 17, 31, 33}) {
        EXPECT_EQ(aes_cfb_encrypt(Bytes(size), Bytes(1)).error().reason, Reason::invalid_argument) << size;
    }
}

TEST(EphemeralEcdh, MakesAKeyAndASecretOfTheCurvesSize) {
    // The generators of the curves are points of them, with the secret scalar 1: the shared point is the fresh key itself.
    struct Curve {
        std::string_view name, x, y;
    };
    for (const Curve& curve : std::vector<Curve>{
             {"P-256", "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
              "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"},
             {"P-384",
              "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
              "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"},
         }) {
        const Bytes x = hex_decode(curve.x, 66).value(), y = hex_decode(curve.y, 66).value();
        const auto peer = PublicKey::from_ec(curve.name, x, y);
        ASSERT_TRUE(peer) << peer.error().to_string();
        const auto one = ephemeral_ecdh(*peer), two = ephemeral_ecdh(*peer);
        ASSERT_TRUE(one) << one.error().to_string();
        EXPECT_EQ(one->peer_x, x);
        EXPECT_EQ(to_vector(one->shared.bytes()), one->x);
        EXPECT_EQ(one->y.size(), x.size());
        EXPECT_NE(one->x, two->x) << "fresh each time";
    }
}

TEST(EphemeralEcdh, NeedsAKeyOnACurve) {
    const auto rsa = PublicKey::from_rsa(Bytes(256, 0xc1), 65537);
    ASSERT_TRUE(rsa);
    EXPECT_EQ(ephemeral_ecdh(*rsa).error().reason, Reason::invalid_argument);
}

}  // namespace
}  // namespace ct::crypto
