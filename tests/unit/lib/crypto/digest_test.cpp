// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <set>

#include "codec/hex.h"

namespace ct::crypto {
namespace {

Bytes hex(std::string_view text) { return hex_decode(text, 4096).value(); }

// FIPS 180-4, "abc".
TEST(Digest, AgreesWithTheStandard) {
    const struct {
        Hash hash;
        std::string_view expected;
    } rows[] = {
        {Hash::sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {Hash::sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {Hash::sha384,
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
         "8086072ba1e7cc2358baeca134c825a7"},
        {Hash::sha512,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(hex_encode(digest(row.hash, {as_bytes("abc")})), row.expected);
        EXPECT_EQ(digest(row.hash, {as_bytes("a"), {}, as_bytes("bc")}), hex(row.expected));
        EXPECT_EQ(digest_size(row.hash), row.expected.size() / 2);
    }
    EXPECT_EQ(hex_encode(sha256(as_bytes("abc"))), rows[1].expected);
    EXPECT_EQ(hex_encode(sha512(as_bytes("abc"))), rows[3].expected);
    EXPECT_EQ(hex_encode(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hasher, GivesTheSameInPieces) {
    Hasher hasher(Hash::sha256);
    std::string whole;
    for (int i = 0; i < 1000; ++i) {
        const std::string part(static_cast<std::size_t>(i % 7), static_cast<char>(i));
        hasher.update(as_bytes(part));
        whole += part;
    }
    Hasher moved = std::move(hasher);
    EXPECT_EQ(moved.finish(), digest(Hash::sha256, {as_bytes(whole)}));
}

// RFC 4231, cases 1, 2 and 6.
TEST(Hmac, AgreesWithTheRfc) {
    const Bytes k1(20, 0x0b);
    EXPECT_EQ(hex_encode(hmac(Hash::sha256, k1, {as_bytes("Hi There")})),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(
        hex_encode(hmac(Hash::sha256, as_bytes("Jefe"), {as_bytes("what do ya want "), as_bytes("for nothing?")})),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    const Bytes k6(131, 0xaa);
    EXPECT_EQ(hex_encode(hmac(Hash::sha512, k6, {as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")})),
              "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
              "95e64f73f63f0aec8b915a985d786598");
}

TEST(Hmac, AnEmptyKeyIsAKey) {
    EXPECT_EQ(hex_encode(hmac(Hash::sha256, {}, {})),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 5869 appendix A, cases 1 to 3.
TEST(Hkdf, AgreesWithTheRfc) {
    const struct {
        std::string_view secret, salt, info, expected;
    } rows[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
         "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
         "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
         "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
         "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    for (const auto& row : rows) {
        auto out = hkdf_sha256(hex(row.salt), hex(row.secret), hex(row.info), row.expected.size() / 2);
        ASSERT_TRUE(out);
        EXPECT_EQ(hex_encode(out->bytes()), row.expected);
    }
}

TEST(Hkdf, IsBounded) {
    EXPECT_EQ(hkdf_sha256({}, as_bytes("k"), {}, 255 * 32)->size(), 255U * 32);
    EXPECT_EQ(hkdf_sha256({}, as_bytes("k"), {}, 255 * 32 + 1).error().reason, Reason::invalid_argument);
    EXPECT_TRUE(hkdf_sha256({}, as_bytes("k"), {}, 0)->empty());
}

TEST(EqualConstantTime, ComparesContentAndLength) {
    EXPECT_TRUE(equal_constant_time(as_bytes("same"), as_bytes("same")));
    EXPECT_FALSE(equal_constant_time(as_bytes("same"), as_bytes("sane")));
    EXPECT_FALSE(equal_constant_time(as_bytes("same"), as_bytes("same ")));
    EXPECT_TRUE(equal_constant_time({}, {}));
}

TEST(RandomBytes, DoNotRepeat) {
    std::set<Sha256> seen;
    for (int i = 0; i < 100; ++i) {
        Sha256 bytes{};
        ASSERT_TRUE(random_bytes(bytes));
        EXPECT_TRUE(seen.insert(bytes).second);
    }
    EXPECT_TRUE(random_bytes({}));
}

}  // namespace
}  // namespace ct::crypto
