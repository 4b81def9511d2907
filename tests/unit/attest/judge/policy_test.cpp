// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/policy.h"

#include <gtest/gtest.h>

#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/paper_verifier.h"

namespace ct::judge {
namespace {

using test::find_paper;

const std::string kSmallest = R"(epoch = 7
[workload.payments]
evidence = ["paper"]
token_role = "wl-payments"
[workload.payments.paper]
stamp = "red"
)";

Result<Policy> parse(std::string text) {
    return Policy::parse({{"p.toml", std::move(text), "/etc/p.toml"}}, find_paper);
}

TEST(Policy, TheSmallestOneHasSafeDefaults) {
    const auto policy = parse(kSmallest);
    ASSERT_TRUE(policy) << policy.error().to_string();
    EXPECT_EQ(policy->epoch(), 7U);
    const auto* workload = policy->find("payments");
    ASSERT_NE(workload, nullptr);
    EXPECT_EQ(workload->evidence, std::vector<std::string>{"paper"});
    EXPECT_EQ(workload->token_role, "wl-payments");
    EXPECT_EQ(workload->token_ttl, Seconds{300});
    EXPECT_EQ(workload->wrap_ttl, Seconds{30});
    EXPECT_EQ(workload->terms, (attest::Terms{Seconds{300}, "AB", false, false}));
    EXPECT_TRUE(workload->uids.empty() && workload->units.empty() && workload->executables.empty() &&
                workload->nodes.empty());
    EXPECT_EQ(policy->find("payment"), nullptr);
}

TEST(Policy, EveryKeyIsRead) {
    const auto policy = parse(R"(epoch = 1
[workload.web]
description = "the shop"
evidence = ["paper", "parchment"]
token_role = "wl-web"
token_ttl = "10m"
wrap_ttl = 20
lifetime = "1h"
tiers = ["C", "A"]
require_enforcement = true
allow_degraded_memory = true
uids = [0, 1001]
units = ["web.service"]
executables = ["00000000000000000000000000000000000000000000000000000000000000Aa"]
nodes = ["n1", "1111111111111111111111111111111111111111111111111111111111111111"]
[workload.web.paper]
stamp = "red"
[workload.web.parchment]
stamp = "blue"
)");
    ASSERT_TRUE(policy) << policy.error().to_string();
    const auto& web = *policy->find("web");
    EXPECT_EQ(web.evidence, (std::vector<std::string>{"paper", "parchment"}));
    EXPECT_EQ(web.token_ttl, Seconds{600});
    EXPECT_EQ(web.wrap_ttl, Seconds{20});
    EXPECT_EQ(web.terms, (attest::Terms{Seconds{3600}, "AC", true, true}));
    EXPECT_EQ(web.uids, (std::vector<std::uint64_t>{0, 1001}));
    EXPECT_EQ(web.units, std::vector<std::string>{"web.service"});
    ASSERT_EQ(web.executables.size(), 1U);
    EXPECT_EQ(web.executables[0][31], 0xAA);
    ASSERT_EQ(web.nodes.size(), 2U);
    EXPECT_EQ(web.nodes[0].name, "n1");
    EXPECT_EQ(web.nodes[1].spki[0], 0x11);
    EXPECT_EQ(dynamic_cast<const test::PaperVerifier::Policy&>(*web.kinds.at("parchment")).stamp, "blue");
}

struct Mistake {
    std::string name;
    std::string find, replace;  // in kSmallest
    unsigned line;
    std::string says;
};

class PolicyMistake : public testing::TestWithParam<Mistake> {};

TEST_P(PolicyMistake, IsRefusedWithFileAndLine) {
    auto text = kSmallest;
    const auto at = text.find(GetParam().find);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, GetParam().find.size(), GetParam().replace);
    const auto policy = parse(text);
    ASSERT_FALSE(policy);
    EXPECT_EQ(policy.error().reason, Reason::config_invalid);
    const auto where =
        GetParam().line == 0 ? std::string("/etc/p.toml") : "/etc/p.toml:" + std::to_string(GetParam().line) + ": ";
    EXPECT_TRUE(policy.error().context.starts_with(where)) << policy.error().context;
    EXPECT_NE(policy.error().context.find(GetParam().says), std::string::npos) << policy.error().context;
}

const std::string kRole = "token_role = \"wl-payments\"\n";

INSTANTIATE_TEST_SUITE_P(
    Table, PolicyMistake,
    testing::Values(Mistake{"NoEpoch", "epoch = 7", "", 0, "epoch is missing"},
                    Mistake{"EpochZero", "epoch = 7", "epoch = 0", 1, "epoch"},
                    Mistake{"EpochText", "epoch = 7", "epoch = \"7\"", 1, "integer"},
                    Mistake{"UnknownTopKey", "epoch = 7", "epoch = 7\nepochs = 8", 2, "unknown key"},
                    Mistake{"WorkloadNoTable", kSmallest, "epoch = 7\nworkload = 1\n", 2, "expected a table"},
                    Mistake{"NoWorkload", kSmallest, "epoch = 7\n", 0, "no [workload.NAME]"},
                    Mistake{"WorkloadName", "[workload.payments]", "[workload.\"pay ments\"]", 2, "letters, digits"},
                    Mistake{"WorkloadNameDot", "[workload.payments]", "[workload.\".payments\"]", 2, "letters, digits"},
                    Mistake{"UnknownKey", kRole, kRole + "token_tll = \"5m\"\n", 5, "unknown key"},
                    Mistake{"NoEvidence", "evidence = [\"paper\"]\n", "", 2, "evidence is required"},
                    Mistake{"EmptyEvidence", "[\"paper\"]", "[]", 3, "evidence is required"},
                    Mistake{"UnknownKind", "[\"paper\"]", "[\"stone\"]", 3, "cannot verify \"stone\""},
                    Mistake{"KindTwice", "[\"paper\"]", "[\"paper\", \"paper\"]", 3, "twice"},
                    Mistake{"KindWithoutTable", "[\"paper\"]", "[\"paper\", \"parchment\"]", 3, "needs a table"},
                    Mistake{"TableWithoutKind", "stamp = \"red\"\n",
                            "stamp = \"red\"\n[workload.payments.parchment]\nstamp = \"x\"\n", 7,
                            "would have no effect"},
                    Mistake{"KindsOwnMistake", "stamp = \"red\"\n", "stmap = \"red\"\n", 6, "unknown key"},
                    Mistake{"NoRole", kRole, "", 2, "token_role is required"},
                    Mistake{"RoleLeavesItsPath", "wl-payments", "../sys/mounts", 4, "letters, digits"},
                    Mistake{"TtlTooLong", kRole, kRole + "token_ttl = \"25h\"\n", 5, "write a time"},
                    Mistake{"TtlZero", kRole, kRole + "token_ttl = 0\n", 5, "write a time"},
                    Mistake{"WrapZeroWouldNotWrap", kRole, kRole + "wrap_ttl = 0\n", 5, "write a time"},
                    Mistake{"WrapLongerThanToken", kRole, kRole + "wrap_ttl = \"2m\"\ntoken_ttl = \"1m\"\n", 5,
                            "longer than token_ttl"},
                    Mistake{"TierUnknown", kRole, kRole + "tiers = [\"E\"]\n", 5, "\"A\", \"B\", \"C\" or \"D\""},
                    Mistake{"TierTwice", kRole, kRole + "tiers = [\"A\", \"A\"]\n", 5, "twice"},
                    Mistake{"TiersEmpty", kRole, kRole + "tiers = []\n", 5, "list"},
                    Mistake{"BoolText", kRole, kRole + "require_enforcement = \"yes\"\n", 5, "true or false"},
                    Mistake{"EmptyListIsAmbiguous", kRole, kRole + "units = []\n", 5, "leave the key out"},
                    Mistake{"ListIsNoList", kRole, kRole + "uids = 5\n", 5, "list"},
                    Mistake{"UidNegative", kRole, kRole + "uids = [-1]\n", 5, "number"},
                    Mistake{"UidOfNobodyAtAll", kRole, kRole + "uids = [4294967295]\n", 5, "number"},
                    Mistake{"UnitWithoutSuffix", kRole, kRole + "units = [\"web\"]\n", 5, "full name"},
                    Mistake{"ExecutableShort", kRole, kRole + "executables = [\"ab\"]\n", 5, "64 hexadecimal"},
                    Mistake{"NodeName", kRole, kRole + "nodes = [\"a b\"]\n", 5, "enrolled node"}),
    [](const auto& row) { return row.param.name; });

TEST(Policy, AMistakeInOneFileLoadsNothing) {
    const auto policy =
        Policy::parse({{"a.toml", kSmallest, "a.toml"}, {"b.toml", "[workload.x]\n", "b.toml"}}, find_paper);
    ASSERT_FALSE(policy);
    EXPECT_TRUE(policy.error().context.starts_with("b.toml:1: ")) << policy.error().context;
}

TEST(Policy, FilesAreNotMergedIntoOneWorkload) {
    const auto policy = Policy::parse(
        {{"a.toml", kSmallest, "a.toml"}, {"b.toml", "[workload.payments]\nrequire_enforcement = false\n", "b.toml"}},
        find_paper);
    ASSERT_FALSE(policy);
    EXPECT_NE(policy.error().context.find("b.toml:1: "), std::string::npos);
    EXPECT_NE(policy.error().context.find("defined already at a.toml:2"), std::string::npos) << policy.error().context;
}

TEST(Policy, TheEpochIsSetInOnePlace) {
    const auto policy =
        Policy::parse({{"a.toml", kSmallest, "a.toml"}, {"b.toml", "epoch = 3\n", "b.toml"}}, find_paper);
    ASSERT_FALSE(policy);
    EXPECT_NE(policy.error().context.find("set already at a.toml:1"), std::string::npos) << policy.error().context;
}

TEST(Policy, TheHashCoversNamesAndBytesOfAllFilesAndNothingElse) {
    const auto hash = [](std::vector<PolicyFile> files) { return hex_encode(policy_hash(files)); };
    using namespace std::string_view_literals;
    EXPECT_EQ(hash({{"a", "xy", "/one/a"}}),
              hex_encode(crypto::sha256(as_bytes("cloudtaser/policy/v1\0\0\0\0\1a\0\0\0\2xy"sv))));
    EXPECT_EQ(hash({{"a", "xy", "/one/a"}}), hash({{"a", "xy", "/two/a"}}));
    EXPECT_NE(hash({{"a", "xy", ""}}), hash({{"b", "xy", ""}}));
    EXPECT_NE(hash({{"a", "xy", ""}}), hash({{"a", "xy ", ""}}));
    EXPECT_NE(hash({{"a", "xy", ""}, {"b", "z", ""}}), hash({{"a", "xyb", ""}, {"", "z", ""}}));
    const auto policy = parse(kSmallest);
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->hash(), policy_hash(policy->files()));
}

TEST(Policy, AttachmentsReachTheKindAndTheHash) {
    auto text = kSmallest;
    text.replace(text.find("\"red\""), 5, "\"stamp.pem\"");
    const auto with = [&](const std::string& content) {
        return Policy::parse({{"p.toml", text, ""}, {"stamp.pem", content, ""}}, find_paper);
    };
    const auto red = with("red");
    ASSERT_TRUE(red) << red.error().to_string();
    EXPECT_EQ(dynamic_cast<const test::PaperVerifier::Policy&>(*red->find("payments")->kinds.at("paper")).stamp, "red");
    EXPECT_NE(with("blue")->hash(), red->hash());
}

TEST(Policy, IsBounded) {
    std::vector<PolicyFile> many(kPolicyFiles + 1, PolicyFile{"a.toml", "", "a.toml"});
    EXPECT_EQ(Policy::parse(many, find_paper).error().reason, Reason::too_large);
    EXPECT_EQ(parse(std::string(kPolicySize + 1, '\n')).error().reason, Reason::too_large);
    std::string list = "uids = [1";
    for (std::size_t i = 0; i < kListEntries; ++i)
        list += ",1";
    auto text = kSmallest;
    text.insert(text.find(kRole), list + "]\n");
    EXPECT_FALSE(parse(text));
}

}  // namespace
}  // namespace ct::judge
