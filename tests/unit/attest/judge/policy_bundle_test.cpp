// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/policy_bundle.h"

#include <gtest/gtest.h>

#include "attest/signed/envelope.h"

namespace ct::judge {
namespace {

PolicyBundle some_bundle() {
    PolicyBundle bundle;
    bundle.serial = 4;
    bundle.made = WallTime(Seconds(1'790'000'000));
    bundle.files = {{"a.toml", "epoch = 1\n", ""}, {"b.toml", "", ""}, {"roots.pem", "PEM", ""}};
    return bundle;
}

Error refusal(const PolicyBundle& bundle) {
    const auto decoded = decode_policy_bundle(encode(bundle));
    EXPECT_FALSE(decoded);
    return decoded ? Error{} : decoded.error();
}

TEST(PolicyBundle, SurvivesItsEncodingAndKeepsThePolicysHash) {
    const auto bundle = some_bundle();
    const Bytes bytes = encode(bundle);
    const auto again = decode_policy_bundle(bytes);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->serial, 4U);
    EXPECT_EQ(again->made, bundle.made);
    EXPECT_EQ(policy_hash(again->files), policy_hash(bundle.files)) << "as if the gate had read the folder";
    EXPECT_EQ(again->files.at(0).path, "a.toml");
    EXPECT_EQ(encode(*again), bytes);
}

TEST(PolicyBundle, CutShortOrLongerIsRefused) {
    Bytes bytes = encode(some_bundle());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_policy_bundle(ByteView(bytes).first(size))) << size;
    bytes.push_back(0);
    EXPECT_FALSE(decode_policy_bundle(bytes));
}

TEST(PolicyBundle, HoldsOnlyWhatAFolderWouldHaveGiven) {
    for (const char* name : {"", ".hidden.toml", "../a.toml", "sub/a.toml", "a.toml~", "a.txt", "a\n.toml", "a"}) {
        auto bundle = some_bundle();
        bundle.files[0].name = name;
        EXPECT_EQ(refusal(bundle).reason, Reason::malformed) << name;
    }
    auto bundle = some_bundle();
    std::swap(bundle.files[0], bundle.files[1]);
    EXPECT_EQ(refusal(bundle).reason, Reason::malformed) << "the hash depends on the order";
    bundle = some_bundle();
    bundle.files[1].name = "a.toml";
    EXPECT_EQ(refusal(bundle).reason, Reason::malformed) << "two of one name";
    bundle.files = {{"roots.pem", "PEM", ""}};
    EXPECT_EQ(refusal(bundle).reason, Reason::config_missing);
    bundle.files.clear();
    EXPECT_EQ(refusal(bundle).reason, Reason::config_missing);
}

TEST(PolicyBundle, IsBounded) {
    auto bundle = some_bundle();
    bundle.files[0].text = std::string(kPolicyFileSize + 1, ' ');
    EXPECT_EQ(refusal(bundle).reason, Reason::too_large);
    bundle.files.clear();
    for (int i = 0; i < 5; ++i)
        bundle.files.push_back({std::to_string(i) + ".toml", std::string(kPolicyFileSize, ' '), ""});
    EXPECT_EQ(refusal(bundle).reason, Reason::too_large) << "each is small enough";
    bundle.files.clear();
    for (std::size_t i = 0; i <= kPolicyFiles; ++i)
        bundle.files.push_back({std::to_string(1000 + i) + ".toml", "", ""});
    EXPECT_FALSE(decode_policy_bundle(encode(bundle)));
    bundle.files.pop_back();
    EXPECT_TRUE(decode_policy_bundle(encode(bundle)));
}

TEST(PolicyBundle, IsOpenedWhenEnoughPeopleHaveSigned) {
    std::vector<crypto::Ed25519Key> people;
    Signers signers{{}, 2};
    for (int i = 0; i < 3; ++i) {
        people.push_back(crypto::Ed25519Key::generate().value());
        signers.keys.push_back(people.back().public_key().value());
    }
    attest::Envelope envelope{encode(some_bundle()), {}};
    ASSERT_TRUE(attest::add_signature(envelope, kPolicyPurpose, people[1]));
    EXPECT_EQ(open_policy_bundle(attest::encode(envelope), signers).error().reason, Reason::evidence_signature_invalid)
        << "one person is not two";
    ASSERT_TRUE(attest::add_signature(envelope, kPolicyPurpose, people[2]));
    const auto opened = open_policy_bundle(attest::encode(envelope), signers);
    ASSERT_TRUE(opened) << opened.error().to_string();
    EXPECT_EQ(opened->files.size(), 3U);

    attest::Envelope collateral{encode(some_bundle()), {}};
    for (const auto& person : people)
        ASSERT_TRUE(attest::add_signature(collateral, "collateral", person));
    EXPECT_FALSE(open_policy_bundle(attest::encode(collateral), signers)) << "signed as something else";
    envelope.payload.back() ^= 1;
    EXPECT_FALSE(open_policy_bundle(attest::encode(envelope), signers));
}

}  // namespace
}  // namespace ct::judge
