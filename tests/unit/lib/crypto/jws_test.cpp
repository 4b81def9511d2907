// SPDX-License-Identifier: Apache-2.0
#include "crypto/jws.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/base64.h"
#include "crypto/certificate_maker.h"
#include "crypto/ed25519.h"

namespace ct::crypto {
namespace {

Bytes decoded(std::string_view text) { return base64url_decode(text, 256).value(); }

JwsSignature signature(std::string_view text) {
    JwsSignature out{};
    std::ranges::copy(decoded(text), out.begin());
    return out;
}

// RFC 7515 appendix A.3.
TEST(Jws, VerifiesEs256OfTheRfc) {
    const auto key = PublicKey::from_ec("P-256", decoded("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                                        decoded("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
    ASSERT_TRUE(key);
    const auto input = as_bytes(
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp"
        "0cnVlfQ");
    const auto made =
        signature("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    EXPECT_TRUE(verify_jws(*key, "ES256", input, made));
    EXPECT_FALSE(verify_jws(*key, "EdDSA", input, made));
    EXPECT_FALSE(verify_jws(*key, "", input, made));
    EXPECT_FALSE(verify_jws(*key, "none", input, made));
    EXPECT_FALSE(verify_jws(*key, "ES256", input.first(20), made));
}

// RFC 8037 appendix A.4.
TEST(Jws, VerifiesEdDsaOfTheRfc) {
    Bytes spki{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    append(spki, decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
    const auto key = PublicKey::from_spki_der(spki);
    ASSERT_TRUE(key);
    const auto input = as_bytes("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    const auto made =
        signature("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    EXPECT_TRUE(verify_jws(*key, "EdDSA", input, made));
    EXPECT_FALSE(verify_jws(*key, "ES256", input, made));
}

TEST(Jws, SignsWithEitherKindOfKey) {
    const auto identity = make_identity("x", WallTime{}, WallTime{} + std::chrono::days(1)).value();
    const auto ed25519 = Ed25519Key::generate().value().pem().value();
    for (const auto& [pem, algorithm] :
         {std::pair(identity.key_pem.bytes(), "ES256"), std::pair(ed25519.bytes(), "EdDSA")}) {
        const auto key = JwsKey::from_pem(pem);
        ASSERT_TRUE(key) << key.error().to_string();
        EXPECT_EQ(key->algorithm(), algorithm);
        const auto mine = key->public_key().value();
        const Bytes message{1, 2, 3};
        // Often enough for an r or s with a leading zero, which is shorter in DER.
        for (int i = 0; i < 300; ++i) {
            auto made = key->sign(message).value();
            ASSERT_TRUE(verify_jws(mine, algorithm, message, made));
            made[static_cast<std::size_t>(i) % made.size()] ^= 1;
            ASSERT_FALSE(verify_jws(mine, algorithm, message, made));
        }
    }
}

TEST(Jws, KeysOfOtherKindsAreRefused) {
    EXPECT_EQ(JwsKey::from_pem(as_bytes("no PEM")).error().reason, Reason::malformed);
    EXPECT_EQ(JwsKey::from_pem(Bytes(20000)).error().reason, Reason::too_large);
}

}  // namespace
}  // namespace ct::crypto
