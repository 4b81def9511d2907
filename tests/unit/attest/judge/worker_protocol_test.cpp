// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/worker_protocol.h"

#include <gtest/gtest.h>

#include "support/judge_case.h"

namespace ct::judge {
namespace {

Question question(Question::About about) { return {7, about, test::paper_case()}; }

Question through(const Question& question) {
    auto back = decode_worker_message(encode(question));
    EXPECT_TRUE(back) << back.error().to_string();
    return std::get<Question>(std::move(*back));
}

TEST(WorkerProtocol, AVerdictIsTheSameOnTheOtherSide) {
    const auto policy = test::paper_policy();
    const auto asked = question(Question::About::proof);
    const auto there = answer(policy, through(asked), test::find_paper);
    const auto back = decode_answer(encode(there));
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(back->id, 7U);
    const auto& decision = std::get<Decision>(back->content);
    EXPECT_TRUE(decision.granted());
    EXPECT_EQ(encode(decision), encode(appraise(policy, asked.facts, test::find_paper)));
}

TEST(WorkerProtocol, AHelloIsAnsweredByWhatToAskOrByARefusal) {
    const auto policy = test::paper_policy();
    auto asked = question(Question::About::hello);
    asked.facts.challenged.reset();
    asked.facts.proof.reset();
    const auto opening = decode_answer(encode(answer(policy, through(asked), test::find_paper)));
    ASSERT_TRUE(opening);
    EXPECT_EQ(std::get<Opening>(opening->content).requests, open(policy, asked.facts, test::find_paper).requests);
    EXPECT_EQ(std::get<Opening>(opening->content).kept, open(policy, asked.facts, test::find_paper).kept);
    asked.facts.hello->workload = "unheard";
    const auto refusal = decode_answer(encode(answer(policy, through(asked), test::find_paper)));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(std::get<Decision>(refusal->content).findings.front().reason, Reason::workload_unknown);
}

TEST(WorkerProtocol, RulesArriveWhole) {
    const auto policy = test::paper_policy();
    WorkerRules rules{
        policy.files(),
        Makers{test::filled<32>(3), test::kNow, test::kNow + std::chrono::hours{1}, {{"a", {1}}, {"b", {2}}}, 9}};
    const auto back = decode_worker_message(encode(rules));
    ASSERT_TRUE(back) << back.error().to_string();
    const auto& there = std::get<WorkerRules>(*back);
    EXPECT_EQ(policy_hash(there.policy), policy.hash());
    ASSERT_TRUE(there.makers);
    EXPECT_EQ(there.makers->items, rules.makers->items);
    EXPECT_EQ(there.makers->hash, rules.makers->hash);
    EXPECT_EQ(there.makers->made, rules.makers->made);
    EXPECT_EQ(there.makers->until, rules.makers->until);
    EXPECT_FALSE(std::get<WorkerRules>(*decode_worker_message(encode(WorkerRules{policy.files(), {}}))).makers);
}

TEST(WorkerProtocol, CutOrTrailedByAnythingItIsRefused) {
    const auto policy = test::paper_policy();
    const std::vector<Bytes> messages{encode(question(Question::About::proof)),
                                      encode(WorkerRules{policy.files(), {}})};
    for (const auto& whole : messages) {
        for (std::size_t size = 0; size < whole.size(); ++size)
            EXPECT_FALSE(decode_worker_message(ByteView(whole).first(size))) << size;
        Bytes longer = whole;
        longer.push_back(0);
        EXPECT_FALSE(decode_worker_message(longer));
    }
    const Bytes whole = encode(answer(policy, question(Question::About::proof), test::find_paper));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_answer(ByteView(whole).first(size))) << size;
}

}  // namespace
}  // namespace ct::judge
