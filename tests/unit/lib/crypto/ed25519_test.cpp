// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include <gtest/gtest.h>

#include "codec/hex.h"
#include "crypto/certificate_maker.h"

namespace ct::crypto {
namespace {

// RFC 8032 section 7.1, TEST 2: the public key in its SubjectPublicKeyInfo (RFC 8410 section 4).
TEST(Ed25519, VerifiesWhatTheRfcSigned) {
    const Bytes spki = hex_decode(
                           "302a300506032b6570032100"
                           "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                           64)
                           .value();
    const auto key = PublicKey::from_spki_der(spki);
    ASSERT_TRUE(key);
    auto signature = hex_decode_array<64>(
                         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                         "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
                         .value();
    EXPECT_TRUE(verify_ed25519(*key, Bytes{0x72}, signature));
    EXPECT_EQ(verify_ed25519(*key, Bytes{0x73}, signature).error().reason, Reason::evidence_signature_invalid);
    signature[63] ^= 1;
    EXPECT_FALSE(verify_ed25519(*key, Bytes{0x72}, signature));
}

TEST(Ed25519, AKeySurvivesItsPem) {
    const auto key = Ed25519Key::generate();
    ASSERT_TRUE(key);
    const auto again = Ed25519Key::from_pem(key->pem()->bytes());
    ASSERT_TRUE(again) << again.error().to_string();
    const Bytes message{1, 2, 3};
    EXPECT_EQ(key->sign(message).value(), again->sign(message).value()) << "signing has no randomness";
    EXPECT_TRUE(verify_ed25519(key->public_key().value(), message, again->sign(message).value()));
    EXPECT_FALSE(verify_ed25519(Ed25519Key::generate()->public_key().value(), message, key->sign(message).value()));
}

TEST(Ed25519, KeysOfOtherKindsAreRefused) {
    const auto identity = make_identity("x", WallTime{}, WallTime{} + std::chrono::days(1));
    ASSERT_TRUE(identity);
    EXPECT_EQ(Ed25519Key::from_pem(identity->key_pem.bytes()).error().reason, Reason::invalid_argument);
    EXPECT_EQ(Ed25519Key::from_pem(as_bytes("no PEM")).error().reason, Reason::malformed);
    const auto certificate = Certificate::from_pem(identity->certificate_pem);
    EXPECT_FALSE(verify_ed25519(certificate->public_key().value(), Bytes{1}, Ed25519Signature{}));
}

}  // namespace
}  // namespace ct::crypto
