// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/leases.h"

#include <gtest/gtest.h>

#include "codec/hex.h"
#include "support/judge_case.h"

namespace ct::gate {
namespace {

using test::filled;
using test::kNow;
using namespace std::chrono_literals;

// A release to node-1, over at kNow + life, resting on `claims` of one kind.
Lease lease(const std::string& accessor, std::map<std::string, std::string> claims = {}, Seconds life = 600s,
            const std::string& kind = "tpm2") {
    judge::Decision decision;
    decision.node = "node-1";
    decision.workload = "payments";
    decision.policy_epoch = 7;
    decision.expires = kNow + life - kTokenDelay;
    decision.claims[kind] = std::move(claims);
    return lease_of(decision, filled<32>(0x11), accessor, "record of " + accessor);
}

struct Change {
    std::string policy = test::kPaperPolicy;
    std::string deny = {};
    bool revoked = false, enrolled = true;
};

Rules rules(const Change& change) {
    Rules out{test::paper_policy(change.policy), {}};
    if (!change.deny.empty()) {
        auto makers = std::make_shared<judge::Makers>();
        makers->items["deny"] = to_vector(as_bytes(change.deny));
        EXPECT_TRUE(out.policy.rest_on(std::move(makers)));
    }
    const auto document =
        config::Document::parse(change.enrolled ? "[[node]]\nname = \"node-1\"\nspki = \"" + std::string(64, '1') +
                                                      "\"\nrevoked = " + (change.revoked ? "true" : "false") + "\n"
                                                : "",
                                "gate.toml");
    EXPECT_TRUE(out.nodes.add(document->root()));
    return out;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

TEST(Leases, FallWithWhatTheyRestOn) {
    const auto node = hex_encode(filled<32>(0x11));
    const std::vector<std::pair<Change, std::optional<Reason>>> kTable{
        {{}, std::nullopt},
        {{.deny = "tpm2.ak=sha256:cd\nsev-snp.ak=sha256:ab\n"}, std::nullopt},
        {{.deny = "tpm2.ak=SHA256:AB\n"}, Reason::evidence_platform_denied},
        {{.deny = "node=sha256:" + node}, Reason::node_revoked},
        {{.revoked = true}, Reason::node_revoked},
        {{.enrolled = false}, Reason::node_unknown},
        {{.policy = replaced(test::kPaperPolicy, "epoch = 7", "epoch = 8")}, Reason::policy_epoch_stale},
        {{.policy = replaced(test::kPaperPolicy, "workload.payments", "workload.orders")}, Reason::workload_unknown},
    };
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        const auto& [change, reason] = kTable[i];
        Leases leases;
        ASSERT_TRUE(leases.add(lease("a", {{"ak", "sha256:ab"}}), kNow).empty());
        const auto ended = leases.review(rules(change), kNow);
        ASSERT_EQ(ended.size(), reason ? 1U : 0U) << i;
        EXPECT_EQ(leases.size(), reason ? 0U : 1U) << i;
        if (!reason) continue;
        EXPECT_EQ(ended[0].reason, *reason) << i;
        EXPECT_EQ(ended[0].lease.accessor, "a");
        EXPECT_TRUE(leases.review(rules(change), kNow).empty()) << "told once";
    }
}

TEST(Leases, OfAnEarlierBootEndWhenTheMachineShowsALaterOne) {
    const auto boot = [](const std::string& ak, const std::string& reset, const std::string& restart) {
        return std::map<std::string, std::string>{{"ak", ak}, {"reset_count", reset}, {"restart_count", restart}};
    };
    Leases leases;
    EXPECT_TRUE(leases.add(lease("a", boot("one", "3", "0")), kNow).empty());
    EXPECT_TRUE(leases.add(lease("b", boot("one", "3", "0")), kNow).empty()) << "the same boot";
    EXPECT_TRUE(leases.add(lease("c", boot("two", "9", "1")), kNow).empty()) << "another machine";
    EXPECT_TRUE(leases.add(lease("d"), kNow).empty()) << "no TPM";
    auto ended = leases.add(lease("e", boot("one", "4", "0")), kNow);
    ASSERT_EQ(ended.size(), 2U);
    EXPECT_EQ(ended[0].reason, Reason::evidence_reset_changed);
    EXPECT_EQ(ended[0].lease.accessor + ended[1].lease.accessor, "ab");
    ended = leases.add(lease("f", boot("one", "4", "1")), kNow);
    ASSERT_EQ(ended.size(), 1U) << "resumed";
    EXPECT_EQ(ended[0].lease.accessor, "e");
    EXPECT_EQ(leases.size(), 3U);
}

TEST(Leases, OfOneMachineAreKnownByTheKeysThatItHasProven) {
    struct Release {
        const char* kind;
        std::map<std::string, std::string> claims;
    };
    struct Row {
        const char* what;
        Release before, after;
        bool one_machine;
    };
    const std::vector<Row> kRows{
        {"a new attestation key after the boot",
         {"tpm2", {{"ak_trust", "credential"}, {"ek_key", "E"}, {"ak_key", "A"}, {"ak", "a"}}},
         {"tpm2", {{"ak_trust", "credential"}, {"ek_key", "E"}, {"ak_key", "B"}, {"ak", "b"}}},
         true},
        {"an endorsement key that was only said",
         {"tpm2", {{"ak_trust", "enrolled"}, {"ek_key", "E"}, {"ak_key", "A"}, {"ak", "a"}}},
         {"tpm2", {{"ak_trust", "credential"}, {"ek_key", "E"}, {"ak_key", "B"}, {"ak", "b"}}},
         false},
        {"one key, shown with other attributes",
         {"tpm2", {{"ak_key", "A"}, {"ak", "a"}}},
         {"tpm2", {{"ak_key", "A"}, {"ak", "b"}}},
         true},
        {"one key, two kinds",
         {"tpm2", {{"ak_key", "A"}, {"ak", "a"}}},
         {"azure-snp", {{"ak_key", "A"}, {"ak", "a"}}},
         true},
        {"one trusted in two ways",
         {"tpm2", {{"ak_trust", "credential"}, {"ek_key", "E"}, {"ak_key", "A"}}},
         {"tpm2", {{"ak_trust", "listed"}, {"ek_key", "E"}, {"ak_key", "A"}}},
         true},
        {"the same attributes of another key",
         {"tpm2", {{"ak_key", "A"}, {"ak", "a"}}},
         {"tpm2", {{"ak_key", "B"}, {"ak", "a"}}},
         false},
        {"the values of two sorts of key", {"tpm2", {{"ak", "A"}}}, {"tpm2", {{"ak_key", "A"}}}, false},
        {"two old records", {"tpm2", {{"ak", "a"}}}, {"tpm2", {{"ak", "a"}}}, true},
    };
    for (auto row : kRows) {
        row.before.claims.insert({{"reset_count", "3"}, {"restart_count", "0"}});
        row.after.claims.insert({{"reset_count", "4"}, {"restart_count", "0"}});
        Leases leases;
        EXPECT_TRUE(leases.add(lease("a", row.before.claims, 600s, row.before.kind), kNow).empty()) << row.what;
        const auto ended = leases.add(lease("b", row.after.claims, 600s, row.after.kind), kNow);
        EXPECT_EQ(ended.size(), row.one_machine ? 1U : 0U) << row.what;
    }
}

TEST(Leases, OfBootsAreOrderedByTheirReleasesAndNotByTheirArrival) {
    const auto boot = [](const std::string& accessor, const std::string& record, const std::string& reset,
                         Seconds life = 600s) {
        auto out = lease(accessor, {{"ak", "one"}, {"reset_count", reset}, {"restart_count", "0"}}, life);
        out.record = record;
        return out;
    };
    Leases leases;
    EXPECT_TRUE(leases.add(boot("new", "20261124T150000", "4"), kNow).empty());
    auto ended = leases.add(boot("old", "20261124T140000", "3"), kNow);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].lease.accessor, "old");
    EXPECT_TRUE(leases.add(boot("same", "20261124T160000", "4"), kNow).empty());
    ended = leases.add(boot("short", "20261124T170000", "5", 0s), kNow);
    EXPECT_EQ(ended.size(), 2U) << "what has ended by itself still shows a boot";
    EXPECT_EQ(leases.size(), 0U);
}

TEST(Leases, RememberNoBootsWithoutEnd) {
    Leases leases;
    leases.add(lease("stays", {{"ak", "one"}, {"reset_count", "3"}, {"restart_count", "0"}}), kNow);
    for (std::size_t i = 0; i < 4 * Leases::kSpareBoots; ++i) {
        leases.add(lease("a", {{"ak", std::to_string(i)}, {"reset_count", "1"}, {"restart_count", "0"}}, 0s), kNow);
        ASSERT_LE(leases.boots(), 4 + Leases::kSpareBoots);
    }
    const auto ended = leases.add(lease("then", {{"ak", "one"}, {"reset_count", "4"}, {"restart_count", "0"}}), kNow);
    ASSERT_EQ(ended.size(), 1U) << "of a machine with a lease it is remembered";
    EXPECT_EQ(ended[0].lease.accessor, "stays");
}

TEST(Leases, AreForgottenAtTheirEnd) {
    Leases leases;
    leases.add(lease("a", {}, 10s), kNow);
    leases.add(lease("b", {}, 20s), kNow);
    leases.add(lease("c", {}, 0s), kNow);
    EXPECT_EQ(leases.size(), 2U);
    EXPECT_EQ(leases.review(rules({.revoked = true}), kNow + 10s).size(), 1U);
    EXPECT_EQ(leases.size(), 0U);
}

TEST(Leases, LastUntilTheirTokensAreOver) {
    judge::Decision decision;
    decision.node = "node-1";
    decision.expires = kNow + 10s;
    Leases leases;
    leases.add(lease_of(decision, filled<32>(0x11), "a", "record"), kNow);
    // Judged at kNow, minted as late as can be, and good for ten seconds from then on.
    const auto last = kNow + kJudgeDeadline + kMintDeadline + 10s - 1us;
    leases.expire(last);
    EXPECT_EQ(leases.size(), 1U);
    EXPECT_EQ(leases.review(rules({.revoked = true}), last).size(), 1U) << "it can still be ended";
    leases.add(lease_of(decision, filled<32>(0x11), "a", "record"), kNow);
    leases.expire(last + 1us);
    EXPECT_EQ(leases.size(), 0U);
    decision.expires = WallTime::max();
    EXPECT_EQ(lease_of(decision, filled<32>(0x11), "a", "record").expires, WallTime::max());
}

TEST(Leases, ComeFromRecordsOfReleasesOnly) {
    judge::Record record;
    record.facts = test::paper_case();
    record.id = judge::record_id(record.facts);
    const auto decision = judge::appraise(test::paper_policy(), record.facts, test::find_paper);
    record.decision = judge::encode(decision);
    record.outcome = {true, Reason::internal, "accessor"};
    const auto restored = lease_of(record);
    ASSERT_TRUE(restored && *restored);
    const auto& made = *restored;
    EXPECT_EQ(made->accessor, "accessor");
    EXPECT_EQ(made->expires, decision.expires + kTokenDelay);
    EXPECT_EQ(made->claims, lease_of(decision, record.facts.node_spki, "accessor", record.id).claims);
    record.outcome.accessor.clear();
    EXPECT_EQ(lease_of(record)->has_value(), false);
    record.outcome = {false, Reason::policy_denied, "accessor"};
    EXPECT_EQ(lease_of(record)->has_value(), false);
    record.outcome = {true, Reason::internal, "accessor"};
    record.decision.pop_back();
    EXPECT_FALSE(lease_of(record)) << "a release, and nobody knows of what";
}

}  // namespace
}  // namespace ct::gate
