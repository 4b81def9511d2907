// SPDX-License-Identifier: Apache-2.0
#include "attest/signed/envelope.h"

#include <gtest/gtest.h>

namespace ct::attest {
namespace {

struct People {
    std::vector<crypto::Ed25519Key> keys;
    std::vector<crypto::PublicKey> public_keys;
    explicit People(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            keys.push_back(crypto::Ed25519Key::generate().value());
            public_keys.push_back(keys.back().public_key().value());
        }
    }
};

Envelope signed_by(const People& people, std::initializer_list<std::size_t> who) {
    Envelope envelope{{1, 2, 3}, {}};
    for (const std::size_t i : who)
        EXPECT_TRUE(add_signature(envelope, "policy", people.keys[i]));
    return envelope;
}

TEST(Envelope, NeedsAsManySignersAsAreAskedFor) {
    const People people(3);
    const auto two = signed_by(people, {2, 0});
    EXPECT_TRUE(check_signatures(two, "policy", people.public_keys, 1));
    EXPECT_TRUE(check_signatures(two, "policy", people.public_keys, 2));
    EXPECT_EQ(check_signatures(two, "policy", people.public_keys, 3).error().reason,
              Reason::evidence_signature_invalid);
    EXPECT_FALSE(check_signatures(two, "policy", people.public_keys, 0)) << "nobody's signature is none";
    EXPECT_FALSE(check_signatures(signed_by(people, {}), "policy", people.public_keys, 1));
}

TEST(Envelope, OnePersonIsNotTwo) {
    const People people(2);
    auto twice = signed_by(people, {0, 0});
    EXPECT_EQ(twice.signatures.size(), 1U);
    const std::vector listed{people.public_keys[0], people.public_keys[0]};
    EXPECT_FALSE(check_signatures(twice, "policy", listed, 2)) << "nor one whose key is listed twice";
    twice.signatures.push_back(twice.signatures.front());
    EXPECT_EQ(decode_envelope(encode(twice)).error().reason, Reason::malformed);
}

TEST(Envelope, StrangersCountForNothing) {
    const People people(1), strangers(3);
    EXPECT_FALSE(check_signatures(signed_by(strangers, {0, 1, 2}), "policy", people.public_keys, 1));
}

TEST(Envelope, AnotherPayloadOrPurposeIsNotSigned) {
    const People people(2);
    auto envelope = signed_by(people, {0, 1});
    EXPECT_FALSE(check_signatures(envelope, "collateral", people.public_keys, 1));
    envelope.payload.push_back(4);
    EXPECT_FALSE(check_signatures(envelope, "policy", people.public_keys, 1));
}

// A broken one is not "one signature less": somebody has tampered with the file.
TEST(Envelope, ABrokenSignatureOfOneOfUsRefusesTheFile) {
    const People people(3);
    auto envelope = signed_by(people, {0, 1, 2});
    envelope.signatures[1].bytes[5] ^= 1;
    EXPECT_FALSE(check_signatures(envelope, "policy", people.public_keys, 1));
}

TEST(Envelope, SurvivesItsEncoding) {
    const People people(3);
    const auto envelope = signed_by(people, {0, 1, 2});
    const Bytes bytes = encode(envelope);
    const auto again = decode_envelope(bytes);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(encode(*again), bytes);
    EXPECT_TRUE(check_signatures(*again, "policy", people.public_keys, 3));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_envelope(ByteView(bytes).first(size))) << size;
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(decode_envelope(longer));
    Bytes other = bytes;
    other[5] ^= 1;
    EXPECT_FALSE(decode_envelope(other)) << "another magic";
}

}  // namespace
}  // namespace ct::attest
