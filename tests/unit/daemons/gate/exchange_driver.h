// SPDX-License-Identifier: Apache-2.0
// An exchange that a test drives by events, with the judge of paper_judge.h, and its actions in short words.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "attest/protocol/messages.h"
#include "codec/hex.h"
#include "daemons/gate/core.h"
#include "paper_judge.h"
#include "support/judge_case.h"

namespace ct::gate {

using test::filled;
using test::kNow;

inline std::shared_ptr<const Rules> rules(const std::string& policy = test::kPaperPolicy, bool revoked = false,
                                          const std::string& node_key = std::string(64, '1')) {
    auto document = config::Document::parse(
        "[[node]]\nname = \"node-1\"\nspki = \"" + node_key + "\"\nrevoked = " + (revoked ? "true" : "false") + "\n",
        "gate.toml");
    auto out = std::make_shared<Rules>(Rules{test::paper_policy(policy), {}});
    if (!document || !out->nodes.add(document->root())) throw std::runtime_error("nodes");
    return out;
}

inline std::shared_ptr<const Rules> with_makers(std::shared_ptr<const Rules> of, attest::Collateral items) {
    auto by = std::make_shared<Rules>(*of);
    auto makers = std::make_shared<judge::Makers>();
    makers->hash = filled<32>(0x77);
    makers->until = kNow + std::chrono::hours{1};
    makers->items = std::move(items);
    if (!by->policy.rest_on(std::move(makers))) throw std::runtime_error("makers");
    return by;
}

inline event::Connected connected() {
    const auto facts = test::paper_connection();
    return {facts.node_spki, facts.gate_spki, facts.not_before, facts.not_after,
            facts.exporter,  facts.seed,      filled<32>(0x44)};
}

inline event::Received message(const attest::Message& content) { return {attest::encode(content)}; }

// The proof that the challenge of this test's exchange asks for.
inline attest::Proof right_proof(std::uint64_t epoch = 7, std::string_view stamp = "red") {
    auto facts = test::paper_case();
    facts.challenged->challenge.policy_epoch = epoch;
    return {{{"paper", test::paper_evidence(facts, stamp)}}};
}

inline const std::string kPath = "auth/token/create/wl-payments";

// In an answer of the judge: whatever was asked last.
inline constexpr std::uint64_t kLastQuestion = 0;

inline judge::Case opening_case() {
    auto out = test::paper_connection();
    out.hello = test::paper_hello();
    return out;
}

inline judge::Decision granted() { return judge::appraise(rules()->policy, test::paper_case(), test::find_paper); }

// In short: what the actions are.
inline std::string words(const std::vector<Action>& actions) {
    std::string out;
    const auto add = [&out](const std::string& word) { out.append(out.empty() ? "" : " ").append(word); };
    for (const auto& action : actions) {
        if (const auto* send = std::get_if<action::Send>(&action)) {
            const auto sent = attest::decode(send->message);
            if (!sent) {
                add("send(undecodable)");
            } else if (std::holds_alternative<attest::Challenge>(*sent)) {
                add("challenge");
            } else if (std::holds_alternative<attest::Release>(*sent)) {
                add("release");
            } else if (const auto* refusal = std::get_if<attest::Refusal>(&*sent)) {
                add("refuse(" + refusal->reason + (refusal->record.empty() ? ",unrecorded)" : ")"));
            } else {
                add("send(?)");
            }
        } else if (std::holds_alternative<action::SetDeadline>(action)) {
            add("deadline");
        } else if (std::holds_alternative<action::Ask>(action)) {
            add("ask");
        } else if (std::holds_alternative<action::EndJudge>(action)) {
            add("end-judge");
        } else if (std::holds_alternative<action::Mint>(action)) {
            add("mint");
        } else if (const auto* store = std::get_if<action::Store>(&action)) {
            const auto record = judge::decode_record(store->record);
            if (!record) {
                add("store(undecodable)");
                continue;
            }
            EXPECT_EQ(record->id, store->verdict.record);
            EXPECT_EQ(record->facts.node_spki, store->node_spki);
            EXPECT_EQ(record->outcome.released, store->verdict.released);
            const auto again = judge::replay(*record, test::find_paper);
            EXPECT_TRUE(again && again->equal) << "the record must replay";
            add(std::string("store(") + (store->stranger ? "stranger:" : "") +
                (store->verdict.released ? "released" : std::string(to_string(record->outcome.reason))) + ")");
        } else if (const auto* announce = std::get_if<action::Announce>(&action)) {
            add(std::string("announce(") +
                (announce->verdict.released ? "released" : std::string(to_string(announce->verdict.reason))) + ")");
        } else if (std::holds_alternative<action::Drain>(action)) {
            add("drain");
        } else {
            add("close");
        }
    }
    return out;
}

class Driver {
public:
    explicit Driver(std::shared_ptr<const Rules> by = rules()) : moment_{std::move(by), kNow} {}

    // What follows, and where the judge is not slow, what follows from its answer instead.
    std::string on(Event what) {
        moment_.now += Seconds{1};
        actions_ = exchange_.on(addressed(std::move(what)), moment_);
        while (const auto* ask = find<action::Ask>()) {
            asked_ = *ask;
            if (slow_) break;
            actions_ = exchange_.on(test::paper_answer(asked_), moment_);
        }
        if (find<action::Mint>()) minted_ = true;
        if (const auto* store = find<action::Store>()) {
            EXPECT_EQ(store->token_asked, minted_);
        }
        return words(actions_);
    }
    // From now on the test answers.
    void slow() { slow_ = true; }
    [[nodiscard]] const action::Ask& asked() const { return asked_; }
    void use(std::shared_ptr<const Rules> by) { moment_.rules = std::move(by); }
    void advance(Seconds by) { moment_.now += by; }
    State state() { return exchange_.state(); }
    Exchange& exchange() { return exchange_; }
    template <class T>
    const T* find() {
        for (const auto& one : actions_)
            if (const auto* found = std::get_if<T>(&one)) return found;
        return nullptr;
    }

    // By the shortest way.
    void bring_to(const std::string& where) {
        if (where == "handshake") return;
        if (where == "stranger") {
            auto who = connected();
            who.node_spki = filled<32>(0x77);
            on(who);
            on(event::Stored{});
            return;
        }
        on(connected());
        if (where == "hello") return;
        if (where == "opening") slow();
        on(message(test::paper_hello()));
        if (where == "opening") return;
        if (where == "proof") return;
        if (where == "refusing" || where == "refused") {
            on(message(right_proof(7, "blue")));
            if (where == "refused") on(event::Stored{});
            return;
        }
        if (where == "judging") slow();
        on(message(right_proof()));
        if (where == "judging") return;
        if (where == "mint") return;
        on(minted());
        if (where == "releasing") return;
        on(event::Stored{});
        if (where == "released") return;
        on(event::PeerClosed{});
    }
    static event::Minted minted() { return {{1, 2, 3}, kPath, "accessor-1"}; }

private:
    // An answer to the last question; a verdict on a proof is the real one.
    Event addressed(Event what) {
        if (auto* opened = std::get_if<event::Opened>(&what); opened && opened->question == kLastQuestion)
            opened->question = asked_.question.id;
        if (auto* failed = std::get_if<event::JudgeFailed>(&what); failed && failed->question == kLastQuestion)
            failed->question = asked_.question.id;
        if (auto* judged = std::get_if<event::Judged>(&what); judged && judged->question == kLastQuestion) {
            if (asked_.question.about == judge::Question::About::proof && asked_.rules)
                return test::paper_answer(asked_);
            judged->question = asked_.question.id;
        }
        return what;
    }

    Exchange exchange_;
    Moment moment_;
    bool slow_ = false, minted_ = false;
    action::Ask asked_;
    std::vector<Action> actions_;
};

}  // namespace ct::gate
