// SPDX-License-Identifier: Apache-2.0
// One right case, and every way in which it can be wrong.
#include "attest/judge/appraisal.h"

#include <gtest/gtest.h>

#include <functional>

#include "attest/judge/decision.h"
#include "base/limits.h"
#include "support/judge_case.h"

namespace ct::judge {
namespace {

using test::filled;
using test::find_paper;
using test::kNow;

std::vector<std::string> reasons(const std::vector<attest::Finding>& findings) {
    std::vector<std::string> out;
    for (const auto& finding : findings)
        out.emplace_back(to_string(finding.reason));
    return out;
}

TEST(Appraisal, TheRightCaseIsGrantedOnThePolicysTerms) {
    const auto policy = test::paper_policy();
    const auto decision = appraise(policy, test::paper_case(), find_paper);
    ASSERT_TRUE(decision.granted()) << decision.findings.front().detail;
    EXPECT_EQ(decision.workload, "payments");
    EXPECT_EQ(decision.node, "node-1");
    EXPECT_EQ(decision.kinds, "paper");
    EXPECT_EQ(decision.terms, (attest::Terms{Seconds{600}, "AB", true, false}));
    EXPECT_EQ(decision.mint, (MintOrder{"wl-payments", Seconds{300}, Seconds{30}}));
    EXPECT_EQ(decision.mint.creation_path(), "auth/token/create/wl-payments");
    EXPECT_EQ(decision.expires, kNow + Seconds{600});
    EXPECT_EQ(decision.policy_epoch, 7U);
    EXPECT_EQ(decision.policy_hash, policy.hash());
    EXPECT_EQ(decision.claims.at("paper").at("stamp"), "red");
}

struct Break {
    std::string name;
    std::function<void(Case&)> how;
    std::vector<std::string> findings;
};
class BrokenCase : public testing::TestWithParam<Break> {};

TEST_P(BrokenCase, IsRefusedWithItsOwnReason) {
    const auto policy = test::paper_policy();
    auto facts = test::paper_case();
    GetParam().how(facts);
    const auto decision = appraise(policy, facts, find_paper);
    EXPECT_FALSE(decision.granted());
    EXPECT_EQ(reasons(decision.findings), GetParam().findings);
    EXPECT_EQ(decision.mint, MintOrder{});
    EXPECT_EQ(decision.terms, attest::Terms{});
    EXPECT_EQ(decision.expires, facts.at);
    // What is to be said without evidence comes first, word for word.
    const auto first = must_refuse(policy, facts);
    ASSERT_LE(first.size(), decision.findings.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i].reason, decision.findings[i].reason);
        EXPECT_EQ(first[i].detail, decision.findings[i].detail);
    }
}

TEST(MustRefuse, FindsAllThatNeedsNoEvidenceAndNothingElse) {
    // Of the table above: what is left when nobody looks at evidence.
    auto facts = test::paper_case();
    EXPECT_TRUE(must_refuse(test::paper_policy(), facts).empty());
    facts.proof->evidence[0].body = {1, 2, 3};
    EXPECT_TRUE(must_refuse(test::paper_policy(), facts).empty()) << "evidence is for others";
    facts.hello->version = 2;
    facts.hello->identity = {};
    facts.node->revoked = true;
    facts.challenged->spent = true;
    facts.challenged->challenge.policy_epoch = 6;
    facts.challenged->at = facts.at - limits::kChallengeLife - Seconds{1};
    facts.proof_seen = true;
    facts.proof->evidence.push_back({"parchment", {}});
    facts.fault = attest::Finding{Reason::cancelled, "gone"};
    EXPECT_EQ(reasons(must_refuse(test::paper_policy(), facts)),
              (std::vector<std::string>{"cancelled", "node_revoked", "protocol_version", "caller_not_allowed",
                                        "caller_not_allowed", "executable_not_allowed", "challenge_reused",
                                        "challenge_expired", "policy_epoch_stale", "evidence_replayed",
                                        "evidence_kind_not_allowed"}));
}

void forge(Case& facts, std::string_view stamp = "red", std::string_view more = {}) {
    facts.proof->evidence.at(0).body = test::paper_evidence(facts, stamp, more);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenCase,
    testing::Values(
        // Who is there.
        Break{"Stranger", [](Case& c) { c.node.reset(); }, {"node_unknown", "policy_denied"}},
        Break{"RevokedNode", [](Case& c) { c.node->revoked = true; }, {"node_revoked"}},
        Break{"NodeOfOtherWorkloads", [](Case& c) { c.node->name = "node-2"; }, {"policy_denied"}},
        Break{"ExpiredCertificate", [](Case& c) { c.not_after = c.at - Seconds{1}; }, {"tls_certificate_expired"}},
        Break{"CertificateNotYetValid", [](Case& c) { c.not_before = c.at + Seconds{1}; }, {"tls_certificate_expired"}},
        Break{"ReflectedKey",
              [](Case& c) {
                  c.node_spki = c.gate_spki;
                  forge(c);
              },
              {"tls_peer_pin_mismatch"}},
        // Who asks there, for what.
        Break{"UnknownWorkload",
              [](Case& c) {
                  c.hello->workload = "payment";
                  forge(c);
              },
              {"workload_unknown"}},
        Break{"OtherVersion", [](Case& c) { c.hello->version = 2; }, {"protocol_version"}},
        Break{"OtherUser",
              [](Case& c) {
                  c.hello->identity.uid = 0;
                  forge(c);
              },
              {"caller_not_allowed"}},
        Break{"OtherUnit",
              [](Case& c) {
                  c.hello->identity.unit = "payments2.service";
                  forge(c);
              },
              {"caller_not_allowed"}},
        Break{"NoUnit",
              [](Case& c) {
                  c.hello->identity.unit.clear();
                  forge(c);
              },
              {"caller_not_allowed"}},
        Break{"OtherExecutable",
              [](Case& c) {
                  c.hello->identity.executable = filled<32>(0x56);
                  forge(c);
              },
              {"executable_not_allowed"}},
        Break{"UnreadableExecutable",
              [](Case& c) {
                  c.hello->identity.executable.reset();
                  forge(c);
              },
              {"executable_not_allowed"}},
        // Freshness.
        Break{"SpentChallenge", [](Case& c) { c.challenged->spent = true; }, {"challenge_reused"}},
        Break{"LateProof",
              [](Case& c) { c.challenged->at = c.at - limits::kChallengeLife - Seconds{1}; },
              {"challenge_expired"}},
        Break{"ProofFromBeforeItsChallenge",
              [](Case& c) { c.challenged->at = c.at + Seconds{1}; },
              {"challenge_expired"}},
        Break{"RecordedProof", [](Case& c) { c.proof_seen = true; }, {"evidence_replayed"}},
        Break{"OldEpoch",
              [](Case& c) {
                  c.challenged->challenge.policy_epoch = 6;
                  forge(c);
              },
              {"policy_epoch_stale"}},
        // What the binding covers: anything changed after the evidence was made.
        Break{
            "OtherChallenge", [](Case& c) { c.challenged->challenge.challenge[0] ^= 1; }, {"evidence_nonce_mismatch"}},
        Break{"OtherConnection", [](Case& c) { c.exporter[31] ^= 1; }, {"evidence_nonce_mismatch"}},
        Break{"OtherSealingKey", [](Case& c) { c.hello->sealing_key[0] ^= 1; }, {"evidence_nonce_mismatch"}},
        Break{"OtherGate", [](Case& c) { c.gate_spki[0] ^= 1; }, {"evidence_nonce_mismatch"}},
        Break{"OtherNodeKey", [](Case& c) { c.node_spki[0] ^= 1; }, {"evidence_nonce_mismatch"}},
        // The proof.
        Break{"WrongStamp", [](Case& c) { forge(c, "blue"); }, {"evidence_measurement_mismatch"}},
        Break{"AllChecksRun",
              [](Case& c) {
                  forge(c, "blue");
                  c.challenged->kept[0].body[0] ^= 1;
                  c.exporter[0] ^= 1;
              },
              {"evidence_key_untrusted", "evidence_nonce_mismatch", "evidence_measurement_mismatch"}},
        Break{"Gibberish", [](Case& c) { c.proof->evidence[0].body = {1, 2, 3}; }, {"evidence_malformed"}},
        Break{"EmptyProof", [](Case& c) { c.proof->evidence.clear(); }, {"evidence_kind_not_allowed"}},
        Break{"OtherKind",
              [](Case& c) { c.proof->evidence[0].kind = "parchment"; },
              {"evidence_kind_not_allowed", "evidence_kind_not_allowed"}},
        Break{"KindNobodyAskedFor",
              [](Case& c) { c.proof->evidence.push_back({"parchment", {}}); },
              {"evidence_kind_not_allowed"}},
        Break{"KindTwice", [](Case& c) { c.proof->evidence.push_back(c.proof->evidence[0]); }, {"protocol_violation"}},
        Break{"IntroductionTwice",
              [](Case& c) { c.hello->introductions.push_back(c.hello->introductions[0]); },
              {"protocol_violation"}},
        Break{"NothingKept", [](Case& c) { c.challenged->kept.clear(); }, {"evidence_kind_not_allowed"}},
        Break{"EvidenceEndsNow", [](Case& c) { forge(c, "red", "0"); }, {"evidence_certificate_expired"}},
        Break{"EvidenceHasEnded", [](Case& c) { forge(c, "red", "-5"); }, {"evidence_certificate_expired"}},
        // As far as an exchange came when it broke off.
        Break{"Fault", [](Case& c) { c.fault = attest::Finding{Reason::timed_out, ""}; }, {"timed_out"}},
        Break{"NoProof", [](Case& c) { c.proof.reset(); }, {"protocol_violation"}},
        Break{"NoChallenge",
              [](Case& c) {
                  c.challenged.reset();
                  c.proof.reset();
              },
              {"protocol_violation"}},
        Break{"ProofWithoutChallenge", [](Case& c) { c.challenged.reset(); }, {"protocol_violation"}},
        Break{"NothingAtAll",
              [](Case& c) {
                  c.hello.reset();
                  c.challenged.reset();
                  c.proof.reset();
              },
              {"protocol_violation"}},
        Break{"FaultOfAStranger",
              [](Case& c) {
                  c.hello.reset();
                  c.challenged.reset();
                  c.proof.reset();
                  c.node.reset();
                  c.fault = attest::Finding{Reason::timed_out, ""};
              },
              {"timed_out", "node_unknown"}}),
    [](const auto& row) { return row.param.name; });

TEST(Appraisal, TheGrantEndsWithWhatTheEvidenceRestsOn) {
    auto facts = test::paper_case();
    forge(facts, "red", "20");
    const auto decision = appraise(test::paper_policy(), facts, find_paper);
    ASSERT_TRUE(decision.granted());
    EXPECT_EQ(decision.expires, kNow + Seconds{20});
    EXPECT_EQ(decision.terms.lifetime, Seconds{20});
    EXPECT_EQ(decision.mint, (MintOrder{"wl-payments", Seconds{20}, Seconds{20}}));
}

TEST(Appraisal, AWorkloadWithoutAllowListsTakesAnyEnrolledNodeAndCaller) {
    const auto policy = test::paper_policy(
        "epoch = 7\n[workload.payments]\nevidence = [\"paper\"]\ntoken_role = \"r\"\n[workload.payments.paper]\nstamp = \"red\"\n");
    auto facts = test::paper_case();
    facts.hello->identity = {0, "", std::nullopt};
    facts.node->name = "another";
    forge(facts);
    EXPECT_TRUE(appraise(policy, facts, find_paper).granted());
    facts.node.reset();
    EXPECT_EQ(reasons(appraise(policy, facts, find_paper).findings), std::vector<std::string>{"node_unknown"});
}

TEST(Appraisal, APolicyMayGoByTheKeysThatANodeWasEnrolledWith) {
    const auto policy = test::paper_policy(test::kPaperPolicy + "sealed = true\n");
    auto facts = test::paper_case();
    EXPECT_EQ(reasons(appraise(policy, facts, find_paper).findings),
              std::vector<std::string>{"evidence_key_untrusted"});
    facts.node->keys["paper"] = {"seal:blue", "seal:red"};
    EXPECT_TRUE(appraise(policy, facts, find_paper).granted());
    // Keys for another kind are no keys for this one.
    facts.node->keys = {{"parchment", {"seal:red"}}};
    EXPECT_FALSE(appraise(policy, facts, find_paper).granted());
}

TEST(Appraisal, ANodeMayBeNamedByItsKey) {
    auto text = test::kPaperPolicy;
    text.replace(text.find("[\"node-1\"]"), 10, "[\"" + std::string(64, '1') + "\"]");
    const auto policy = test::paper_policy(text);
    auto facts = test::paper_case();
    facts.node->name = "renamed";
    EXPECT_TRUE(appraise(policy, facts, find_paper).granted());
    facts.node_spki[0] ^= 1;
    forge(facts);
    EXPECT_EQ(reasons(appraise(policy, facts, find_paper).findings), std::vector<std::string>{"policy_denied"});
}

TEST(Appraisal, TwoKindsAreBothNeededAndTheEarliestEndCounts) {
    auto text = test::kPaperPolicy;
    text.replace(text.find("[\"paper\"]"), 9, "[\"paper\", \"parchment\"]");
    text += "[workload.payments.parchment]\nstamp = \"gold\"\n";
    const auto policy = test::paper_policy(text);
    auto facts = test::paper_case();
    EXPECT_EQ(reasons(appraise(policy, facts, find_paper).findings),
              (std::vector<std::string>{"evidence_kind_not_allowed", "evidence_kind_not_allowed"}))
        << "neither introduced nor proven";

    facts.hello->introductions.push_back({"parchment", to_vector(as_bytes("ink"))});
    const auto kept = to_vector(kind_entropy(facts.seed, "parchment"));
    facts.challenged->kept.push_back({"parchment", kept});
    forge(facts);
    facts.proof->evidence.push_back(
        {"parchment", test::PaperVerifier::evidence("gold", kept, case_binding(facts), "99")});
    const auto decision = appraise(policy, facts, find_paper);
    ASSERT_TRUE(decision.granted()) << decision.findings.front().detail;
    EXPECT_EQ(decision.kinds, "paper+parchment");
    EXPECT_EQ(decision.terms.lifetime, Seconds{99});
}

TEST(Appraisal, WhatEvidenceQuotesCannotReachALogUnread) {
    auto facts = test::paper_case();
    forge(facts, "\x1b[31mred\xff");
    const auto decision = appraise(test::paper_policy(), facts, find_paper);
    ASSERT_EQ(decision.findings.size(), 1U);
    EXPECT_EQ(decision.findings[0].detail, "paper: stamp is ?[31mred?, not red");
    EXPECT_EQ(decision.claims.at("paper").at("stamp"), "?[31mred?");
}

// The hello alone.

TEST(Opening, AsksEachKindOfThePolicyWithItsOwnRandomness) {
    auto facts = test::paper_connection();
    facts.hello = test::paper_hello();
    facts.hello->introductions.push_back({"parchment", {}});  // offered, not wanted: not asked
    const auto opening = open(test::paper_policy(), facts, find_paper);
    EXPECT_TRUE(opening.findings.empty());
    ASSERT_EQ(opening.requests.size(), 1U);
    EXPECT_EQ(opening.requests[0].kind, "paper");
    ASSERT_EQ(opening.kept.size(), 1U);
    EXPECT_EQ(opening.kept[0].body, to_vector(kind_entropy(facts.seed, "paper")));
    EXPECT_NE(kind_entropy(facts.seed, "paper"), kind_entropy(facts.seed, "pape"));
    EXPECT_NE(kind_entropy(facts.seed, "paper"), kind_entropy(filled<32>(0x99), "paper"));
}

TEST(Opening, AStrangerIsRefusedBeforeItsHelloIsLookedAt) {
    auto facts = test::paper_connection();
    facts.node.reset();
    EXPECT_EQ(reasons(open(test::paper_policy(), facts, find_paper).findings),
              std::vector<std::string>{"node_unknown"});
    facts.hello = test::paper_hello();
    facts.hello->workload = "nothing";
    EXPECT_EQ(reasons(open(test::paper_policy(), facts, find_paper).findings),
              std::vector<std::string>{"node_unknown"});
}

TEST(Opening, AnIntroductionThatLeadsNowhereIsRefusedAndReplays) {
    auto facts = test::paper_connection();
    facts.hello = test::paper_hello();
    facts.hello->introductions[0].body = {0};
    EXPECT_EQ(reasons(open(test::paper_policy(), facts, find_paper).findings),
              std::vector<std::string>{"evidence_key_untrusted"});
    EXPECT_EQ(reasons(appraise(test::paper_policy(), facts, find_paper).findings),
              std::vector<std::string>{"evidence_key_untrusted"});
    facts.hello->introductions.clear();
    EXPECT_EQ(reasons(open(test::paper_policy(), facts, find_paper).findings),
              std::vector<std::string>{"evidence_kind_not_allowed"});
}

}  // namespace
}  // namespace ct::judge
