// SPDX-License-Identifier: Apache-2.0
// The real judge, seen from the gate; and judges that die, hang or lie, which are programs of this test.
#include "daemons/gate/judge_pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "support/judge_case.h"
#include "support/private_bus.h"
#include "support/process.h"

namespace ct::gate {
namespace {

using namespace std::chrono_literals;

const std::string kTpmPolicy =
    "epoch = 7\n[workload.payments]\nevidence = [\"tpm2\"]\ntoken_role = \"r\"\n[workload.payments.tpm2]\npcrs = { \"7\" = \"" +
    std::string(64, '0') + "\" }\nak = [\"sha256:" + std::string(64, '1') + "\"]\n";

class Judges : public testing::Test {
protected:
    void start(const std::string& program, std::size_t processes = 1, Millis time = Millis{10000},
               std::size_t most_bytes = 256UZ << 20) {
        auto pool = JudgePool::start(
            loop_, {.program = program, .processes = processes, .verdict_time = time, .most_bytes = most_bytes},
            [this](const std::string& trouble) { troubles_.push_back(trouble); }, deaths_);
        ASSERT_TRUE(pool) << pool.error().to_string();
        pool_ = std::move(*pool);
    }
    std::string script(const std::string& text) {
        folder_.write("judge", "#!/bin/sh\n" + text + "\n");
        ::chmod(folder_.file("judge").c_str(), 0700);
        return folder_.file("judge");
    }
    static std::shared_ptr<const Rules> rules(const std::string& text = kTpmPolicy) {
        auto policy = judge::Policy::parse({{"p.toml", text, "p.toml"}});
        if (!policy) throw std::runtime_error(policy.error().to_string());
        return std::make_shared<Rules>(Rules{std::move(*policy), {}});
    }
    // A node that can show paper, where a TPM is wanted.
    void ask(std::uint64_t id, std::shared_ptr<const Rules> by, const std::string& workload = "payments",
             std::size_t evidence = 0) {
        auto facts = test::paper_case();
        if (evidence != 0) facts.proof->evidence[0].body.resize(evidence);
        facts.hello->workload = workload;
        pool_->ask({{id, judge::Question::About::proof, std::move(facts)}, std::move(by)}, [this](Event event) {
            if (auto* judged = std::get_if<event::Judged>(&event)) judges_.insert(judged->judge);
            if (auto* judged = std::get_if<event::Judged>(&event))
                answers_[judged->question] = std::string(to_string(judged->decision.findings.at(0).reason));
            else if (auto* failed = std::get_if<event::JudgeFailed>(&event))
                answers_[failed->question] = failed->error.context;
        });
    }
    void wait_for(std::size_t answers) {
        wait([&] { return answers_.size() >= answers; });
    }
    void wait(const std::function<bool()>& until) {
        const auto end = loop_.now() + 20s;
        while (!until() && loop_.now() < end)
            ASSERT_TRUE(loop_.run_once(100ms));
        EXPECT_TRUE(until());
    }

    EventLoop loop_ = *EventLoop::create();
    test::TempDir folder_;
    std::uint64_t deaths_ = 0;
    std::vector<std::string> troubles_;
    std::map<std::uint64_t, std::string> answers_;
    std::set<std::uint64_t> judges_;  // who answered
    std::unique_ptr<JudgePool> pool_;
};

TEST_F(Judges, ShareTheQuestions) {
    start(test::built("cloudtaser-judge"), 2);
    const auto by = rules();
    for (std::uint64_t i = 0; i < 40; ++i)
        ask(i, by);
    wait_for(40);
    for (std::uint64_t i = 0; i < 40; ++i)
        EXPECT_EQ(answers_[i], "evidence_kind_not_allowed") << i;
    EXPECT_EQ(judges_.size(), 2U);
    EXPECT_EQ(deaths_, 0U);
}

TEST_F(Judges, HaveNothingButTheirSocket) {
    // Something that the gate forgot to close on exec.
    const Fd forgotten(::open("/dev/null", O_RDONLY));
    ASSERT_TRUE(forgotten);
    start(test::built("cloudtaser-judge"));
    ask(1, rules());
    wait_for(1);
    ASSERT_EQ(pool_->pids().size(), 1U);
    std::set<std::string> open;
    for (const auto& fd : std::filesystem::directory_iterator("/proc/" + std::to_string(pool_->pids()[0]) + "/fd"))
        open.insert(fd.path().filename());
    EXPECT_EQ(open, (std::set<std::string>{"0", "1", "2"}));
    for (const std::string stream : {"1", "2"})
        EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(pool_->pids()[0]) + "/fd/" + stream).string(),
                  "/dev/null")
            << "no words of its own in the journal";
    const auto status = read_file("/proc/" + std::to_string(pool_->pids()[0]) + "/status", 65536);
    ASSERT_TRUE(status);
    EXPECT_NE(status->find("\nSeccomp:\t2\n"), std::string::npos) << *status;
    EXPECT_NE(status->find("\nNoNewPrivs:\t1\n"), std::string::npos) << *status;
}

TEST_F(Judges, OneThatIsKilledTakesOnlyItsQuestionWithIt) {
    // It stops at the second one: what waits behind is asked again, of the next life.
    start(test::built("cloudtaser-judge"), 2);
    const auto by = rules();
    ask(1, by);
    wait_for(1);
    const auto before = pool_->pids();
    ASSERT_EQ(before.size(), 2U);
    ::kill(before[0], SIGSTOP);
    for (std::uint64_t i = 10; i < 16; ++i)
        ask(i, by);
    ::kill(before[0], SIGKILL);
    wait_for(7);
    std::size_t lost = 0;
    for (std::uint64_t i = 10; i < 16; ++i)
        if (answers_[i] == "it died" || answers_[i] == "it closed its socket")
            ++lost;
        else
            EXPECT_EQ(answers_[i], "evidence_kind_not_allowed");
    EXPECT_EQ(lost, 1U);
    EXPECT_EQ(deaths_, 1U);
    wait([&] { return pool_->pids().size() == 2; });
    EXPECT_EQ(troubles_.back(), "");
    answers_.clear();
    ask(20, by);
    ask(21, by);
    wait_for(2);
}

TEST_F(Judges, OneThatHangsIsEnded) {
    start(script("exec sleep 1000"), 1, Millis{200});
    ask(1, rules());
    wait_for(1);
    EXPECT_EQ(answers_[1], "it did not answer in time");
    EXPECT_EQ(deaths_, 1U);
    ask(2, rules());
    EXPECT_EQ(answers_[2], "no judge runs; one is started again soon");
}

TEST_F(Judges, OneThatLiesIsEnded) {
    // A frame that is none of our messages, and one that announces more than the limit.
    for (const std::string words : {R"(printf '\000\000\000\001\000' >&0; exec sleep 1000)",
                                    R"(printf '\377\377\377\377' >&0; exec sleep 1000)"}) {
        answers_.clear();
        start(script(words));
        ask(1, rules());
        wait_for(1);
        EXPECT_TRUE(answers_[1] == "it said what no judge says" ||
                    answers_[1] == "no judge runs; one is started again soon")
            << answers_[1];
    }
}

TEST_F(Judges, HowOneEndedIsTold) {
    for (const auto& [end, told] : std::vector<std::pair<std::string, std::string>>{
             {"exit 4", " (exit status 4)"}, {"kill -SEGV $$", " (signal 11)"}}) {
        troubles_.clear();
        start(script(end));
        wait([&] { return !troubles_.empty(); });
        EXPECT_TRUE(troubles_.front() == "a judge was started again: it died" + told ||
                    troubles_.front() == "a judge was started again: it closed its socket" + told)
            << troubles_.front();
    }
}

// A question that is larger than any socket holds, and a judge that does not read it.
TEST_F(Judges, OneThatAnswersWhatItWasNotAskedYetIsEnded) {
    judge::Decision decision;
    decision.findings.push_back({Reason::evidence_malformed, ""});
    folder_.write("answer", std::string(as_text(attest::frame(judge::encode(judge::Answer{1, decision})))));
    start(script("head -c 1 >/dev/null; cat " + folder_.file("answer") + " >&0; exec sleep 1000"));
    ask(1, rules(), "payments", 2 << 20);
    wait_for(1);
    EXPECT_EQ(answers_[1], "it said what no judge says");
    EXPECT_EQ(deaths_, 1U);
}

TEST_F(Judges, OneThatIsNotBelievedIsEndedAndWhatWaitsForItIsAskedAgain) {
    start(test::built("cloudtaser-judge"), 2);
    const auto by = rules();
    ask(1, by);
    wait_for(1);
    ASSERT_EQ(judges_.size(), 1U);
    const auto before = pool_->pids();
    ::kill(before[0], SIGSTOP);
    for (std::uint64_t i = 10; i < 14; ++i)
        ask(i, by);
    pool_->end(*judges_.begin(), "it lied");
    EXPECT_EQ(pool_->pids(), (std::vector<int>{before[1]}));
    EXPECT_EQ(troubles_.back(), "a judge was started again: it lied");
    wait_for(5);
    for (std::uint64_t i = 10; i < 14; ++i)
        EXPECT_EQ(answers_[i], "evidence_kind_not_allowed") << i;
    wait([&] { return pool_->pids().size() == 2; });
    pool_->end(*judges_.begin(), "it lied again");
    EXPECT_EQ(deaths_, 1U) << "its next life is another's";
}

TEST_F(Judges, NoneOutlivesTheRulesThatItWasGiven) {
    start(test::built("cloudtaser-judge"), 2);
    const auto one = rules();
    auto text = kTpmPolicy;
    text.replace(text.find("workload.payments]"), 18, "workload.orders]");
    text.replace(text.find("workload.payments.tpm2"), 22, "workload.orders.tpm2");
    const auto other = rules(text);
    const auto unasked = pool_->pids();
    for (std::uint64_t i = 0; i < 8; ++i)
        ask(i, one);
    const auto before = pool_->pids();
    EXPECT_EQ(before, unasked) << "who was given no rules yet has none to outlive";
    // At work, and with more in its queue.
    for (const int judge : before)
        ::kill(judge, SIGSTOP);
    ask(8, other);
    for (const int judge : pool_->pids())
        EXPECT_EQ(std::ranges::find(before, judge), before.end());
    for (const int judge : before)
        EXPECT_EQ(::kill(judge, 0), -1) << judge << " is gone";
    ask(9, other);
    wait_for(10);
    for (std::uint64_t i = 0; i < 8; ++i)
        EXPECT_EQ(answers_[i], "the rules changed") << i;
    EXPECT_EQ(answers_[8], "workload_unknown");
    EXPECT_EQ(answers_[9], "workload_unknown");
    EXPECT_EQ(deaths_, 0U);
    EXPECT_TRUE(troubles_.empty()) << "a reload is no trouble, nor the end of one";
}

// What fails is asked again at once, from within the answer.
TEST_F(Judges, WhatEndedWithItsRulesCanBeAskedAgainAtOnce) {
    start(test::built("cloudtaser-judge"), 2);
    const auto one = rules(), other = rules();
    std::size_t failed = 0, judged = 0;
    const std::function<void(Event)> count = [&](const Event& event) {
        if (std::holds_alternative<event::Judged>(event)) ++judged;
        if (!std::holds_alternative<event::JudgeFailed>(event)) return;
        ++failed;
        pool_->ask({{failed, judge::Question::About::proof, test::paper_case()}, other}, count);
    };
    for (std::uint64_t i = 0; i < 8; ++i)
        pool_->ask({{i, judge::Question::About::proof, test::paper_case()}, one}, count);
    pool_->ask({{100, judge::Question::About::proof, test::paper_case()}, other}, count);
    EXPECT_EQ(failed, 8U);
    wait([&] { return judged == 9; });
}

// Whoever hears of a death may ask by new rules at once, before the rest of the dead one's queue has gone to the next.
TEST_F(Judges, WhatADeadOneLeavesIsNotJudgedByLaterRules) {
    start(test::built("cloudtaser-judge"), 2);
    const auto one = rules(), other = rules();
    std::map<std::uint64_t, std::string> heard;
    const auto say = [&](const std::shared_ptr<const Rules>& by, std::uint64_t id, const auto& self) -> void {
        pool_->ask({{id, judge::Question::About::proof, test::paper_case()}, by}, [&, id](const Event& event) {
            const auto* failed = std::get_if<event::JudgeFailed>(&event);
            heard[id] = failed != nullptr ? failed->error.context : "judged";
            if (failed != nullptr && failed->error.context.starts_with("it ")) self(other, 100, self);
        });
    };
    for (std::uint64_t id = 0; id < 6; ++id)
        say(one, id, say);
    const auto before = pool_->pids();
    for (const int judge : before)
        ::kill(judge, SIGSTOP);
    ::kill(before[0], SIGKILL);
    wait([&] { return heard.size() == 7; });
    for (std::uint64_t id = 1; id < 6; ++id)
        EXPECT_EQ(heard[id], "the rules changed") << id;
    EXPECT_EQ(heard[100], "judged");
}

TEST_F(Judges, WhatWaitsIsBounded) {
    start(script("exec sleep 1000"), 1, Millis{60000}, 16 << 10);
    const auto by = rules();
    for (std::uint64_t i = 0; i < 64; ++i)
        ask(i, by);
    ASSERT_FALSE(answers_.empty());
    EXPECT_LT(answers_.size(), 64U);
    for (const auto& [id, answer] : answers_)
        EXPECT_EQ(answer, "too much waits for a verdict") << id;
    EXPECT_TRUE(answers_.contains(63)) << "the last ones are refused";
    EXPECT_FALSE(answers_.contains(0));
}

TEST_F(Judges, WhatIsAnsweredWaitsNoMore) {
    start(test::built("cloudtaser-judge"), 1, Millis{10000}, 16 << 10);
    const auto by = rules();
    for (std::uint64_t i = 0; i < 64; ++i) {
        ask(i, by);
        wait_for(i + 1);
        ASSERT_EQ(answers_[i], "evidence_kind_not_allowed") << i;
    }
}

TEST_F(Judges, AProgramThatIsNotThereIsToldAtTheStart) {
    const auto pool = JudgePool::start(loop_, {.program = folder_.file("none")}, [](const std::string&) {}, deaths_);
    ASSERT_FALSE(pool);
    EXPECT_EQ(pool.error().reason, Reason::judge_unavailable);
}

}  // namespace
}  // namespace ct::gate
