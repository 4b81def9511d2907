// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/makers.h"

#include <gtest/gtest.h>

#include "support/company.h"

namespace ct::judge {
namespace {

constexpr WallTime kMade{Seconds(1'790'000'000)};
constexpr std::chrono::days kLife{30};

Bytes file(const test::Company& company, std::size_t by, std::string_view purpose = attest::kCollateralPurpose) {
    attest::CollateralBundle bundle;
    bundle.serial = 9;
    bundle.made = kMade;
    bundle.until = kMade + kLife;
    bundle.items["amd/crl/Milan"] = {1, 2, 3};
    return company.sign(attest::encode(bundle), by, purpose);
}

TEST(Makers, AreTakenFromAFileThatEnoughOfTheSignersHaveSigned) {
    const test::Company company(3, 2);
    const auto makers = open_makers(file(company, 2), company.signers);
    ASSERT_TRUE(makers) << makers.error().to_string();
    EXPECT_EQ(makers->serial, 9U);
    EXPECT_EQ(makers->made, kMade);
    EXPECT_EQ(makers->until, kMade + kLife);
    EXPECT_EQ(makers->items.at("amd/crl/Milan"), (Bytes{1, 2, 3}));
    EXPECT_EQ(open_makers(file(company, 1), company.signers).error().reason, Reason::evidence_signature_invalid);
    EXPECT_FALSE(open_makers(file(company, 3, "policy"), company.signers)) << "signed as something else";
    EXPECT_FALSE(open_makers(file(company, 3), Signers{})) << "a gate without signers takes none";
}

TEST(Makers, NoByteOfTheFileMayChange) {
    const test::Company company(1);
    Bytes bytes = file(company, 1);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] ^= 1;
        EXPECT_FALSE(open_makers(bytes, company.signers)) << i;
        bytes[i] ^= 1;
    }
    EXPECT_TRUE(open_makers(bytes, company.signers));
}

TEST(Signers, AreWrittenAsTheirKeys) {
    const test::Company company(1);
    const std::string text = signer_text(company.signers.keys.front());
    EXPECT_TRUE(text.starts_with("ed25519:"));
    const auto again = parse_signer(text);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->spki_sha256().value(), company.signers.keys.front().spki_sha256().value());
    for (const auto& bad :
         std::vector<std::string>{"", "ed25519:", "ed25519:00", "rsa:00", "sha256:" + text.substr(8), text + "00"})
        EXPECT_EQ(parse_signer(bad).error().reason, Reason::malformed) << bad;
}

}  // namespace
}  // namespace ct::judge
