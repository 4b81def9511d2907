// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/makers.h"

#include <gtest/gtest.h>

#include "attest/collateral/bundle.h"
#include "attest/signed/envelope.h"

namespace ct::judge {
namespace {

constexpr WallTime kMade{Seconds(1'790'000'000)};
constexpr std::chrono::days kLife{30};

struct Signed {
    std::vector<crypto::Ed25519Key> people;
    Signers signers;

    explicit Signed(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            people.push_back(crypto::Ed25519Key::generate().value());
            signers.keys.push_back(people.back().public_key().value());
        }
    }
    [[nodiscard]] Bytes file(std::size_t by, std::string_view purpose = attest::kCollateralPurpose) const {
        attest::CollateralBundle bundle;
        bundle.serial = 9;
        bundle.made = kMade;
        bundle.until = kMade + kLife;
        bundle.items["amd/crl/Milan"] = {1, 2, 3};
        attest::Envelope envelope{attest::encode(bundle), {}};
        for (std::size_t i = 0; i < by; ++i)
            EXPECT_TRUE(attest::add_signature(envelope, purpose, people[i]));
        return attest::encode(envelope);
    }
};

TEST(Makers, AreTakenFromAFileThatEnoughOfTheSignersHaveSigned) {
    Signed company(3);
    company.signers.needed = 2;
    const auto makers = open_makers(company.file(2), company.signers, kMade);
    ASSERT_TRUE(makers) << makers.error().to_string();
    EXPECT_EQ(makers->serial, 9U);
    EXPECT_EQ(makers->until, kMade + kLife);
    EXPECT_EQ(makers->items.at("amd/crl/Milan"), (Bytes{1, 2, 3}));
    EXPECT_EQ(open_makers(company.file(1), company.signers, kMade).error().reason, Reason::evidence_signature_invalid);
    EXPECT_FALSE(open_makers(company.file(3, "policy"), company.signers, kMade)) << "signed as something else";
    EXPECT_FALSE(open_makers(company.file(3), Signers{}, kMade)) << "a gate without signers takes none";
}

TEST(Makers, HaveTheirEnd) {
    const Signed company(1);
    EXPECT_TRUE(open_makers(company.file(1), company.signers, kMade + kLife));
    EXPECT_EQ(open_makers(company.file(1), company.signers, kMade + kLife + Seconds(1)).error().reason,
              Reason::evidence_collateral_expired);
}

TEST(Makers, NoByteOfTheFileMayChange) {
    const Signed company(1);
    Bytes file = company.file(1);
    for (std::size_t i = 0; i < file.size(); ++i) {
        file[i] ^= 1;
        EXPECT_FALSE(open_makers(file, company.signers, kMade)) << i;
        file[i] ^= 1;
    }
    EXPECT_TRUE(open_makers(file, company.signers, kMade));
}

TEST(Signers, AreWrittenAsTheirKeys) {
    const Signed company(1);
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
