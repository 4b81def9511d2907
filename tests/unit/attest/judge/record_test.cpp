// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "codec/hex.h"
#include "support/judge_case.h"
#include "support/snp_case.h"

namespace ct::judge {
namespace {

using test::find_paper;

Record record_of(const Policy& policy, Case facts) {
    const auto decision = appraise(policy, facts, find_paper);
    const auto id = record_id(facts);
    return {id,
            std::move(facts),
            policy.files(),
            makers_of(policy, decision),
            encode(decision),
            {true, Reason::internal, "accessor"}};
}

TEST(Record, ItsIdSortsByTimeAndNamesTheExchange) {
    auto facts = test::paper_case();
    EXPECT_TRUE(record_id(facts).starts_with("20261124T140305.123456Z-")) << record_id(facts);
    EXPECT_EQ(record_id(facts).size(), 40U);
    EXPECT_TRUE(is_record_id(record_id(facts)));
    for (const std::string text :
         {"", "20261124T140305.123456Z-0123456789abcde", "20261124T140305.123456Z-0123456789abcdef0",
          "20261124T140305.123456Z-0123456789abcdeF", "20261124T140305.123456Z-................",
          "20261124T140305a123456Z-0123456789abcdef", "2026112/T140305.123456Z-0123456789abcdef"})
        EXPECT_FALSE(is_record_id(text)) << text;
    const auto before = record_id(facts);
    facts.seed[0] ^= 1;
    EXPECT_NE(record_id(facts), before);
}

TEST(Decision, SurvivesItsEncoding) {
    const auto policy = test::paper_policy();
    auto facts = test::paper_case();
    for (const bool broken : {false, true}) {
        if (broken) facts.node.reset();
        const auto bytes = encode(appraise(policy, facts, find_paper));
        const auto decision = decode_decision(bytes);
        ASSERT_TRUE(decision) << decision.error().to_string();
        EXPECT_EQ(decision->granted(), !broken);
        EXPECT_EQ(encode(*decision), bytes);
    }
}

struct Shape {
    std::string name;
    std::function<void(Case&)> how;
};
class RecordShape : public testing::TestWithParam<Shape> {};

TEST_P(RecordShape, SurvivesItsEncodingAndReplaysToTheSameBytes) {
    const auto policy = test::paper_policy();
    auto facts = test::paper_case();
    GetParam().how(facts);
    const auto bytes = encode(record_of(policy, std::move(facts)));
    const auto record = decode_record(bytes);
    ASSERT_TRUE(record) << record.error().to_string();
    EXPECT_EQ(encode(*record), bytes);
    const auto again = replay(*record, find_paper);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_TRUE(again->equal);
    EXPECT_EQ(encode(again->recomputed), record->decision);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RecordShape,
    testing::Values(
        Shape{"Granted", [](Case&) {}}, Shape{"WrongEvidence", [](Case& c) { c.proof->evidence[0].body = {0xFF}; }},
        Shape{"RefusedAtHello",
              [](Case& c) {
                  c.challenged.reset();
                  c.proof.reset();
                  c.hello->introductions[0].body.clear();
              }},
        Shape{"Stranger",
              [](Case& c) {
                  c.node.reset();
                  c.hello.reset();
                  c.challenged.reset();
                  c.proof.reset();
              }},
        Shape{"EnrolledKeys",
              [](Case& c) { c.node->keys = {{"paper", {"seal:red", "seal:blue"}}, {"parchment", {"seal:red"}}}; }},
        Shape{"Fault",
              [](Case& c) {
                  c.proof.reset();
                  c.fault = attest::Finding{Reason::challenge_expired, "no proof came"};
              }},
        Shape{"Replayed", [](Case& c) { c.proof_seen = true; }},
        Shape{"Reused", [](Case& c) { c.challenged->spent = true; }},
        Shape{"BeforeTheEpochOfTime", [](Case& c) { c.at = WallTime{std::chrono::microseconds{-1}}; }}),
    [](const auto& row) { return row.param.name; });

class Tampered : public testing::TestWithParam<Shape> {};

TEST_P(Tampered, ARecordThatWasChangedDoesNotReplay) {
    auto record = record_of(test::paper_policy(), test::paper_case());
    GetParam().how(record.facts);
    const auto again = replay(record, find_paper);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->equal);
    EXPECT_TRUE(again->recorded.granted());
}

INSTANTIATE_TEST_SUITE_P(Table, Tampered,
                         testing::Values(Shape{"Time", [](Case& c) { c.at += std::chrono::microseconds{1}; }},
                                         Shape{"Exporter", [](Case& c) { c.exporter[0] ^= 1; }},
                                         Shape{"Evidence", [](Case& c) { c.proof->evidence[0].body[0] ^= 1; }},
                                         Shape{"Kept", [](Case& c) { c.challenged->kept[0].body[0] ^= 1; }},
                                         Shape{"Spent", [](Case& c) { c.challenged->spent = true; }},
                                         Shape{"Node", [](Case& c) { c.node->revoked = true; }},
                                         Shape{"Workload", [](Case& c) { c.hello->workload = "other"; }}),
                         [](const auto& row) { return row.param.name; });

// A policy whose verdicts rest on one item of a bundle of three.
Policy policy_with_makers(WallTime until = test::kNow + std::chrono::minutes{3}) {
    auto policy = test::paper_policy(test::kPaperPolicy + "pattern = \"patterns/red\"\n");
    auto makers = std::make_shared<Makers>();
    makers->hash = test::filled<32>(0x77);
    makers->until = until;
    for (const std::string name : {"patterns/blue", "patterns/red", "patterns/white"})
        makers->items[name] = to_vector(as_bytes(name.substr(name.find('/') + 1)));
    EXPECT_TRUE(policy.rest_on(std::move(makers)));
    return policy;
}

TEST(Collateral, IsPartOfWhatADecisionRestsOn) {
    const auto decision = appraise(policy_with_makers(), test::paper_case(), find_paper);
    ASSERT_TRUE(decision.granted()) << decision.findings.front().detail;
    EXPECT_EQ(decision.collateral_hash, test::filled<32>(0x77));
    EXPECT_EQ(decision.collateral, std::vector<std::string>{"patterns/red"});
    EXPECT_EQ(decision.expires, test::kNow + std::chrono::minutes{3}) << "the bundle ends before the lifetime";
    EXPECT_EQ(decision.mint.ttl, std::chrono::minutes{3});

    const auto without = appraise(test::paper_policy(), test::paper_case(), find_paper);
    EXPECT_EQ(without.collateral_hash, Sha256{}) << "a verdict that needs none names none";
    EXPECT_TRUE(without.collateral.empty());
}

TEST(Collateral, ThatHasEndedRefusesWhatRestsOnIt) {
    const auto reasons = [](const Decision& decision) {
        std::vector<Reason> out;
        for (const auto& finding : decision.findings)
            out.push_back(finding.reason);
        return out;
    };
    const auto ended = appraise(policy_with_makers(test::kNow - Seconds{1}), test::paper_case(), find_paper);
    EXPECT_EQ(reasons(ended), std::vector<Reason>{Reason::evidence_collateral_expired});
    auto none = test::paper_policy(test::kPaperPolicy + "pattern = \"patterns/red\"\n");
    EXPECT_EQ(reasons(appraise(none, test::paper_case(), find_paper)),
              std::vector<Reason>{Reason::evidence_collateral_missing});
}

Policy policy_with_age(Seconds age, WallTime made) {
    auto text = test::kPaperPolicy + "pattern = \"patterns/red\"\n";
    text.replace(text.find("uids ="), 0, "collateral_age = " + std::to_string(age.count()) + "\n");
    auto policy = test::paper_policy(text);
    auto makers = std::make_shared<Makers>(*policy_with_makers().makers());
    makers->made = made;
    EXPECT_TRUE(policy.rest_on(std::move(makers)));
    return policy;
}

TEST(Collateral, IsAsOldAsThePolicySays) {
    const auto made = test::kNow - std::chrono::hours{5};
    const auto young =
        appraise(policy_with_age(std::chrono::hours{5} + Seconds{30}, made), test::paper_case(), find_paper);
    ASSERT_TRUE(young.granted()) << young.findings.front().detail;
    EXPECT_EQ(young.expires, test::kNow + Seconds{30});
    const auto old = appraise(policy_with_age(std::chrono::hours{4}, made), test::paper_case(), find_paper);
    ASSERT_EQ(old.findings.size(), 1U);
    EXPECT_EQ(old.findings[0].reason, Reason::evidence_collateral_expired);
}

Policy policy_that_denies(const std::string& list, WallTime until = test::kNow + std::chrono::hours{1}) {
    auto policy = test::paper_policy();
    auto makers = std::make_shared<Makers>();
    makers->hash = test::filled<32>(0x77);
    makers->until = until;
    makers->items["deny"] = to_vector(as_bytes(list));
    EXPECT_TRUE(policy.rest_on(std::move(makers)));
    return policy;
}

TEST(DenyList, ShutsOutWhatItNamesAndNothingElse) {
    const auto node = "node=sha256:" + hex_encode(test::filled<32>(0x11));
    for (const auto& [list, reason] : std::vector<std::pair<std::string, std::optional<Reason>>>{
             {"# nobody\n", std::nullopt},
             {"paper.stamp=blue\nother.stamp=red\n", std::nullopt},
             {"paper.stamp=red\n", Reason::evidence_platform_denied},
             {node + "\n", Reason::node_revoked}}) {
        const auto policy = policy_that_denies(list);
        const auto decision = appraise(policy, test::paper_case(), find_paper);
        EXPECT_EQ(decision.granted(), !reason) << list;
        if (reason) {
            EXPECT_EQ(decision.findings.front().reason, *reason) << list;
        }
        const auto again = decode_record(encode(record_of(policy, test::paper_case())));
        ASSERT_TRUE(again);
        const auto replayed = replay(*again, find_paper);
        ASSERT_TRUE(replayed) << replayed.error().to_string();
        EXPECT_TRUE(replayed->equal) << list;
    }
}

// However far an exchange came, the record of its verdict holds the list that the node was looked for in.
TEST(DenyList, RefusalsOfANodeOnItReplay) {
    const auto policy = policy_that_denies("node=sha256:" + hex_encode(test::filled<32>(0x11)));
    const auto shapes = std::vector<Shape>{
        {"a connection",
         [](Case& c) {
             c.hello.reset();
             c.challenged.reset();
             c.proof.reset();
         }},
        {"a hello",
         [](Case& c) {
             c.challenged.reset();
             c.proof.reset();
         }},
        {"a hello for an unknown workload",
         [](Case& c) {
             c.hello->workload = "unheard";
             c.challenged.reset();
             c.proof.reset();
         }},
        {"a fault",
         [](Case& c) {
             c.proof.reset();
             c.fault = attest::Finding{Reason::timed_out, "nothing came"};
         }},
        {"a proof", [](Case&) {}},
        {"a proof for an unknown workload", [](Case& c) { c.hello->workload = "unheard"; }},
    };
    for (const auto& shape : shapes) {
        auto facts = test::paper_case();
        shape.how(facts);
        const auto decision = appraise(policy, facts, find_paper);
        EXPECT_TRUE(std::ranges::any_of(decision.findings, [](const auto& finding) {
            return finding.reason == Reason::node_revoked;
        })) << shape.name;
        EXPECT_EQ(decision.collateral_hash, test::filled<32>(0x77)) << shape.name;
        const auto record = decode_record(encode(record_of(policy, facts)));
        ASSERT_TRUE(record) << shape.name;
        const auto replayed = replay(*record, find_paper);
        ASSERT_TRUE(replayed) << replayed.error().to_string();
        EXPECT_TRUE(replayed->equal) << shape.name;
    }
    // It gets no challenge, and is told so before a byte of it is read; a stranger's record holds no list.
    auto hello = test::paper_connection();
    EXPECT_EQ(check_peer(policy, hello).front().reason, Reason::node_revoked);
    hello.hello = test::paper_hello();
    EXPECT_EQ(open(policy, hello, find_paper).findings.front().reason, Reason::node_revoked);
    hello.node.reset();
    EXPECT_EQ(check_peer(policy, hello).front().reason, Reason::node_unknown);
    EXPECT_FALSE(record_of(policy, hello).makers);
}

TEST(DenyList, DeniesAfterItsBundleHasEndedAndRefusesNothingElse) {
    const auto ended = test::kNow - Seconds{1};
    EXPECT_TRUE(appraise(policy_that_denies("paper.stamp=blue", ended), test::paper_case(), find_paper).granted());
    EXPECT_FALSE(appraise(policy_that_denies("paper.stamp=red", ended), test::paper_case(), find_paper).granted());
}

TEST(DenyList, ThatIsNoneIsNotTaken) {
    auto policy = test::paper_policy();
    auto makers = std::make_shared<Makers>();
    makers->items["deny"] = to_vector(as_bytes("what is this"));
    EXPECT_EQ(policy.rest_on(std::move(makers)).error().reason, Reason::malformed);
}

TEST(Collateral, InARecordIsWhatTheDecisionNeedsAndNoMore) {
    const auto bytes = encode(record_of(policy_with_makers(), test::paper_case()));
    const auto record = decode_record(bytes);
    ASSERT_TRUE(record) << record.error().to_string();
    EXPECT_EQ(encode(*record), bytes);
    ASSERT_TRUE(record->makers);
    EXPECT_EQ(record->makers->items.size(), 1U);
    EXPECT_TRUE(replay(*record, find_paper)->equal) << "judged elsewhere, without the bundle";

    auto other = *record;
    other.makers->items["patterns/red"].push_back('!');
    EXPECT_FALSE(replay(other, find_paper)->equal);
    other = *record;
    other.makers.reset();
    EXPECT_FALSE(replay(other, find_paper)->equal);
    other = *record;
    other.makers->until -= std::chrono::minutes{1};
    EXPECT_FALSE(replay(other, find_paper)->equal);
}

TEST(Record, ReplaysByTheKeysThatTheNodeWasEnrolledWithThen) {
    auto facts = test::paper_case();
    facts.node->keys["paper"] = {"seal:red"};
    auto record = record_of(test::paper_policy(test::kPaperPolicy + "sealed = true\n"), std::move(facts));
    ASSERT_TRUE(replay(record, find_paper)->recorded.granted());
    EXPECT_TRUE(replay(record, find_paper)->equal);
    record.facts.node->keys["paper"] = {"seal:blue"};
    EXPECT_FALSE(replay(record, find_paper)->equal);
}

TEST(Record, AChangedPolicyDoesNotReplayEither) {
    auto record = record_of(test::paper_policy(), test::paper_case());
    record.policy[0].text += "\n";
    const auto again = replay(record, find_paper);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->equal) << "the decision holds the hash of the policy";
    record.policy[0].text += "epoch = 8\n";
    EXPECT_FALSE(replay(record, find_paper)) << "cannot be judged at all";
}

TEST(Record, EveryTruncationAndTrailingByteIsRefused) {
    auto bytes = encode(record_of(test::paper_policy(), test::paper_case()));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        ASSERT_FALSE(decode_record(ByteView(bytes).first(size))) << size;
    bytes.push_back(0);
    EXPECT_FALSE(decode_record(bytes));
}

TEST(Record, OneByteOfTheFormatNameMakesItSomethingElse) {
    auto bytes = encode(record_of(test::paper_policy(), test::paper_case()));
    bytes[3] ^= 1;
    EXPECT_EQ(decode_record(bytes).error().reason, Reason::malformed);
}

// Evidence that can't be judged without the makers' word: the record carries of it what was used, and no more.
TEST(Record, WithCollateralReplaysWithoutTheBundle) {
    const test::SnpCase good;
    for (const bool with_collateral : {true, false}) {
        const auto original = good.record(with_collateral);
        const auto bytes = encode(original);
        const auto record = decode_record(bytes);
        ASSERT_TRUE(record) << record.error().to_string();
        EXPECT_EQ(encode(*record), bytes);
        const auto again = replay(*record);
        ASSERT_TRUE(again) << again.error().to_string();
        EXPECT_TRUE(again->equal);
        EXPECT_EQ(encode(again->recomputed), original.decision);
        EXPECT_EQ(again->recomputed.granted(), with_collateral);
        ASSERT_EQ(record->makers.has_value(), with_collateral);
        if (!with_collateral) {
            EXPECT_EQ(again->recomputed.findings.front().reason, Reason::evidence_revocation_unknown);
            continue;
        }
        const std::vector<std::string> used{"amd/crl/Milan", "deny"};
        EXPECT_EQ(again->recomputed.collateral, used);
        EXPECT_EQ(record->makers->items.size(), used.size());
        EXPECT_TRUE(record->makers->items.contains("amd/crl/Milan"));
    }
}

TEST(Record, WithOtherCollateralIsFound) {
    const test::SnpCase good;
    auto record = good.record();
    record.makers->items["amd/crl/Milan"] =
        good.chip.revocation_list({0x010001}, test::kNow - std::chrono::days(1), test::kNow + std::chrono::days(7));
    EXPECT_FALSE(replay(record)->equal) << "the intermediate is revoked";
    record = good.record();
    record.makers.reset();
    EXPECT_FALSE(replay(record)->equal);
    record = good.record();
    record.makers->hash[0] ^= 1;
    EXPECT_FALSE(replay(record)->equal);
}

}  // namespace
}  // namespace ct::judge
