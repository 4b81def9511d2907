// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/items.h"

#include <gtest/gtest.h>

#include "support/simulated_makers.h"
#include "support/vectors.h"

namespace ct::attest {
namespace {

using tdx::day;
using test::SimulatedMakers;

const WallTime kNow = day(2026, 11, 25);

OtherMakers makers_of(const SimulatedMakers& makers) {
    auto all = crypto::Certificate::chain_from_pem(makers.roots, 8).value();
    OtherMakers out;
    for (auto& one : all)
        (one.subject_name() == one.issuer_name() ? out.roots : out.intermediates).push_back(std::move(one));
    return out;
}

std::vector<Reason> reasons(const ItemState& state) {
    std::vector<Reason> out;
    for (const auto& finding : state.findings)
        out.push_back(finding.reason);
    return out;
}

class Items : public testing::Test {
protected:
    static const SimulatedMakers& made() {
        static const SimulatedMakers makers(kNow);
        return makers;
    }
    Items() : items(made().items), others(makers_of(made())) {}
    ItemState examine(std::string_view name, WallTime at = kNow) { return examine_item(name, items, at, others); }
    Collateral items;
    OtherMakers others;
};

TEST_F(Items, AllThatTheMakersSignedAreInOrderAndHaveTheirTimes) {
    items["deny"] = to_vector(as_bytes("tdx.ppid=00\n"));
    EXPECT_EQ(items.size(), 11U);
    for (const auto& [name, bytes] : items) {
        EXPECT_TRUE(is_item_name(name)) << name;
        const auto state = examine(name);
        EXPECT_TRUE(state.findings.empty()) << name << ": " << state.findings.front().detail;
        EXPECT_EQ(state.signer.empty(), name == "deny") << name;
        if (name == "deny")
            EXPECT_EQ(state.until, WallTime::max());
        else
            EXPECT_GE(state.until, kNow + std::chrono::days(20)) << name;
    }
    EXPECT_EQ(examine("amd/crl/Milan").until, kNow + std::chrono::days(20));
    EXPECT_EQ(examine(made().tcb_info_name).from, kNow - std::chrono::days(1));
}

TEST_F(Items, OfTheRealMakersNoSimulatorCanMakeAny) {
    for (const auto& [name, bytes] : items)
        EXPECT_FALSE(examine_item(name, items, kNow).findings.empty()) << name;
}

TEST_F(Items, OutsideItsTimeAnItemSaysSo) {
    for (const char* name : {"amd/crl/Milan", "intel/root-crl", "intel/pck-crl/processor", "intel/td-qe-identity"})
        for (const WallTime at : {kNow - std::chrono::days(2), kNow + std::chrono::days(21)})
            EXPECT_EQ(reasons(examine(name, at)), std::vector{Reason::evidence_collateral_expired}) << name;
    const WallTime far = kNow + std::chrono::days(3000);
    EXPECT_EQ(reasons(examine("intel/tcb-signing-chain", far)), std::vector{Reason::evidence_certificate_expired});
    EXPECT_FALSE(examine(made().vcek_name, far).findings.empty());
}

TEST_F(Items, UnderAnotherNameAnItemIsWrong) {
    const auto moved = [&](const std::string& from, const std::string& to) {
        items[to] = items[from];
        EXPECT_TRUE(is_item_name(to)) << to;
        EXPECT_FALSE(examine(to).findings.empty()) << to;
    };
    moved(made().tcb_info_name, "intel/tcb-info/00806f050000");
    moved(made().tcb_info_name, "intel/td-qe-identity");
    moved("intel/pck-crl/platform", "intel/pck-crl/processor");
    moved("intel/pck-ca/platform", "intel/pck-ca/processor");
    moved("intel/pck-ca/platform", "intel/tcb-signing-chain");
    moved("intel/pck-crl/platform", "amd/crl/Genoa");
    std::string chip = made().chip_id, tcb = made().tcb;
    chip.back() = chip.back() == '0' ? '1' : '0';
    tcb.front() = tcb.front() == '0' ? '1' : '0';
    moved(made().vcek_name, "amd/vcek/" + chip + "/" + made().tcb);
    moved(made().vcek_name, "amd/vcek/" + made().chip_id + "/" + tcb);
}

TEST_F(Items, WithoutWhatItIsCheckedByAnItemIsNotInOrder) {
    items.erase("intel/tcb-signing-chain");
    items.erase("intel/pck-ca/platform");
    for (const auto& name : {made().tcb_info_name, std::string("intel/pck-crl/platform")})
        EXPECT_EQ(reasons(examine(name)).front(), Reason::evidence_collateral_missing) << name;
}

TEST_F(Items, WhatIntelsRootHasRevokedIsNotInOrder) {
    // Of any root: serial 4 is the signer of the documents, 2 are the PCK CAs.
    const auto root = test::Signer::make(nullptr, {"A Root", kNow, kNow + std::chrono::days(9), true, 1, {}});
    items["intel/root-crl"] = root.crl({4}, kNow, kNow + std::chrono::days(9));
    EXPECT_EQ(reasons(examine("intel/tcb-signing-chain")), std::vector{Reason::evidence_certificate_revoked});
    EXPECT_EQ(reasons(examine(made().tcb_info_name)), std::vector{Reason::evidence_certificate_revoked});
    EXPECT_TRUE(examine("intel/pck-ca/platform").findings.empty());
    EXPECT_FALSE(examine("intel/root-crl").findings.empty()) << "the list itself is another root's";
}

TEST_F(Items, ABitFlippedInAnyByteOfASignedItemIsFound) {
    for (const char* name : {"amd/crl/Milan", "intel/pck-crl/platform"}) {
        const Bytes sound = items[name];
        for (std::size_t at = 0; at < sound.size(); ++at) {
            items[name] = sound;
            items[name][at] ^= static_cast<std::uint8_t>(1U << at % 8);
            EXPECT_FALSE(examine(name).findings.empty()) << name << " byte " << at;
        }
        items[name] = sound;
    }
}

TEST_F(Items, GarbageIsNamedAndNothingElse) {
    for (auto& [name, bytes] : items)
        bytes = to_vector(as_bytes("<html>503</html>"));
    items["deny"] = {'?'};
    for (const auto& [name, bytes] : items)
        EXPECT_FALSE(examine(name).findings.empty()) << name;
}

TEST(ItemNames, AreThoseThatVerifiersAskFor) {
    const std::string chip(128, 'a'), tcb(16, '0');
    for (const std::string& name :
         {std::string("amd/crl/Turin"), "amd/vcek/" + chip + "/" + tcb, std::string("intel/tcb-info/00806f050000")})
        EXPECT_TRUE(is_item_name(name)) << name;
    const std::string upper(128, 'A');
    for (const std::string& name :
         {std::string(), std::string("amd/crl/"), std::string("amd/crl/milan"), "amd/vcek/" + chip,
          "amd/vcek/" + upper + "/" + tcb, "amd/vcek/" + chip + "/" + tcb + "/", "amd/vcek/" + chip + tcb,
          std::string("intel/tcb-info/00806F050000"), std::string("intel/tcb-info"), std::string("intel/pck-crl/root"),
          std::string("intel/root-crl/"), std::string("denied"), std::string("../deny")})
        EXPECT_FALSE(is_item_name(name)) << name;
}

TEST(ItemVectors, TheMakersOwnAreInOrderAtTheirTime) {
    CT_NEEDS_VECTORS();
    const struct {
        const char* name;
        const char* file;
        WallTime at;
    } rows[] = {
        {"amd/crl/Milan", "snp/crl-milan.der", day(2025, 6, 1)},
        {"amd/crl/Genoa", "snp/crl-genoa.der", day(2025, 6, 1)},
        {"intel/root-crl", "tdx/collateral-2026-03.root.crl.der", day(2026, 3, 20)},
        {"intel/tcb-signing-chain", "tdx/tcb-signing-chain.pem", day(2026, 3, 20)},
        {"intel/td-qe-identity", "tdx/collateral-2026-03.td-qe-identity.json", day(2026, 3, 20)},
        {"intel/tcb-info/90c06f000000", "tdx/collateral-2026-03.tcbinfo-90c06f000000.json", day(2026, 3, 20)},
        {"intel/tcb-info/50806f000000", "tdx/collateral-2026-03.tcbinfo-50806f000000.json", day(2026, 3, 20)},
    };
    Collateral items;
    for (const auto& row : rows)
        items[row.name] = test::read_vector(row.file);
    for (const auto& row : rows) {
        const auto state = examine_item(row.name, items, row.at);
        EXPECT_TRUE(state.findings.empty()) << row.name << ": " << state.findings.front().detail;
        EXPECT_FALSE(examine_item(row.name, items, day(2050, 1, 1)).findings.empty()) << row.name;
    }
    // The chip and the firmware of a real report name its certificate.
    const Bytes report = test::read_vector("snp/milan-v3-oak.report.bin");
    const std::string name = "amd/vcek/" + hex_encode(ByteView(report).subspan(0x1a0, 64)) + "/" +
                             hex_encode(ByteView(report).subspan(0x180, 8));
    items[name] = test::read_vector("snp/milan-v3-oak.vcek.der");
    const auto vcek = examine_item(name, items, day(2025, 6, 1));
    EXPECT_TRUE(vcek.findings.empty()) << vcek.findings.front().detail;
    EXPECT_EQ(vcek.signer, "SEV-Milan");
    EXPECT_EQ((vcek.until - vcek.from) / std::chrono::days(365), 7);
}

}  // namespace
}  // namespace ct::attest
