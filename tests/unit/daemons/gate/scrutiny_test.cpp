// SPDX-License-Identifier: Apache-2.0
// How far a judge is believed: its answer is taken where an honest judge can give it, and ends the judge where none can.
#include "daemons/gate/scrutiny.h"

#include <functional>

#include "crypto/digest.h"
#include "exchange_driver.h"

namespace ct::gate {
namespace {

// What a judge who is not honest would say to whatever it was asked.
judge::Decision affirmed(const action::Ask& asked) {
    auto out = std::get<event::Judged>(test::paper_answer(asked)).decision;
    const auto& workload = *asked.rules->policy.find("payments");
    out.findings.clear();
    out.kinds = "paper";
    out.claims = {{"paper", {{"stamp", "red"}}}};
    out.expires = out.at + workload.terms.lifetime;
    out.terms = workload.terms;
    out.mint = {workload.token_role, workload.token_ttl, workload.wrap_ttl};
    return out;
}

TEST(Exchange, AVerdictBeyondThePolicyIsNone) {
    const std::vector<std::function<void(judge::Decision&)>> kBeyond{
        [](auto& d) { d.mint.role = "root"; },
        [](auto& d) { d.mint.ttl += Seconds{1}; },
        [](auto& d) { d.mint.ttl = Seconds{0}; },
        [](auto& d) { d.mint.wrap_ttl += Seconds{1}; },
        [](auto& d) { d.mint.wrap_ttl = Seconds{0}; },
        [](auto& d) { d.terms.lifetime = Seconds{601}; },
        [](auto& d) { d.terms.lifetime = Seconds{599}; },
        [](auto& d) { d.terms.tiers = "ABD"; },
        [](auto& d) { d.terms.require_enforcement = false; },
        [](auto& d) { d.workload = "others"; },
        [](auto& d) { d.node = "node-2"; },
        [](auto& d) { d.policy_hash[0] ^= 1; },
        [](auto& d) { d.policy_epoch = 8; },
        // A lease that has ended when it begins: nothing would ever end its token.
        [](auto& d) { d.expires = d.at - std::chrono::hours{1}; },
        [](auto& d) { d.expires = WallTime::min(); },
        [](auto& d) { d.expires = WallTime::max(); },
        [](auto& d) { d.at = d.expires = WallTime{}; },
        [](auto& d) {
            d.at -= std::chrono::hours{1};
            d.expires -= std::chrono::hours{1};
        },
        [](auto& d) {
            d.expires = d.at + Seconds{20};
            d.terms.lifetime = Seconds{20};
        },
        [](auto& d) {
            d.expires = d.at + std::chrono::milliseconds{500};
            d.terms.lifetime = Seconds{0};
            d.mint.ttl = d.mint.wrap_ttl = Seconds{0};
        },
        // Of kinds and collateral.
        [](auto& d) { d.kinds = "paper+parchment"; },
        [](auto& d) { d.claims.clear(); },
        [](auto& d) {
            d.claims.clear();
            d.kinds.clear();
        },
        [](auto& d) { d.claims["parchment"] = {}; },
        [](auto& d) { d.claims["paper"]["stamp"] = "red\n"; },
        [](auto& d) { d.collateral_hash[0] ^= 1; },
    };
    for (std::size_t i = 0; i < kBeyond.size(); ++i) {
        Driver driver;
        driver.bring_to("judging");
        auto answer = std::get<event::Judged>(test::paper_answer(driver.asked()));
        ASSERT_TRUE(answer.decision.granted());
        kBeyond[i](answer.decision);
        EXPECT_EQ(driver.on(answer), "end-judge deadline store(judge_unavailable)") << i;
    }
}

TEST(Exchange, AShorterVerdictIsWorthLess) {
    Driver driver;
    driver.bring_to("judging");
    auto answer = std::get<event::Judged>(test::paper_answer(driver.asked()));
    answer.decision.expires = answer.decision.at + std::chrono::milliseconds{20500};
    answer.decision.terms.lifetime = answer.decision.mint.ttl = answer.decision.mint.wrap_ttl = Seconds{20};
    EXPECT_EQ(driver.on(answer), "deadline mint");
}

// No evidence makes good what the gate can see itself.
TEST(Exchange, AVerdictThatAffirmsWhatMustBeRefusedIsNone) {
    const auto replaced = [](const std::string& what, const std::string& by) {
        auto text = test::kPaperPolicy;
        text.replace(text.find(what), what.size(), by);
        return text;
    };
    const std::string node = "node=sha256:" + std::string(64, '1') + "\n";
    struct Lie {
        std::string about;
        std::function<void(Driver&)> how;  // from a challenge on, to a question about a proof
    };
    const auto by = [&](const std::string& what, const std::string& instead) {
        return [&, what, instead](Driver& d) {
            d.use(rules(replaced(what, instead)));
            d.on(message(right_proof()));
        };
    };
    const std::vector<Lie> lies{
        {"a revoked node",
         [](Driver& d) {
             d.use(rules(test::kPaperPolicy, true));
             d.on(message(right_proof()));
         }},
        {"a node that is not enrolled any more",
         [](Driver& d) {
             d.use(rules(test::kPaperPolicy, false, std::string(64, '7')));
             d.on(message(right_proof()));
         }},
        {"a node on the deny list",
         [&](Driver& d) {
             d.use(with_makers(rules(), {{"deny", to_vector(as_bytes(node))}}));
             d.on(message(right_proof()));
         }},
        {"another epoch", by("epoch = 7", "epoch = 8")},
        {"a node that the workload is not for", by("\"node-1\"", "\"node-2\"")},
        {"another user", by("uids = [1001]", "uids = [1002]")},
        {"another unit", by("\"payments.service\"", "\"orders.service\"")},
        {"another program", by("\"5555", "\"6555")},
        {"an old challenge",
         [](Driver& d) {
             d.advance(limits::kChallengeLife);
             d.on(message(right_proof()));
         }},
        {"a proof that was seen before",
         [](Driver& d) {
             auto again = message(right_proof());
             again.seen_before = true;
             d.on(again);
         }},
        {"a proof of a kind that nobody asked for",
         [](Driver& d) {
             auto proof = right_proof();
             proof.evidence.push_back({"parchment", {}});
             d.on(message(proof));
         }},
        {"a node that speaks out of turn",
         [](Driver& d) {
             d.on(message(right_proof()));
             d.on(message(right_proof()));
         }},
        {"a spent challenge",
         [](Driver& d) {
             d.on(message(right_proof(7, "blue")));
             d.on(test::paper_answer(d.asked()));
             d.on(event::Stored{});
             d.on(message(right_proof()));
         }},
    };
    for (const auto& lie : lies) {
        Driver driver;
        driver.bring_to("proof");
        driver.slow();
        lie.how(driver);
        ASSERT_EQ(driver.state(), State::judging) << lie.about;
        const auto then = driver.on(event::Judged{driver.asked().question.id, affirmed(driver.asked())});
        EXPECT_NE(then.find("judge_unavailable)"), std::string::npos) << lie.about << ": " << then;
    }
    // The same words of an honest case.
    Driver driver;
    driver.bring_to("judging");
    EXPECT_EQ(judge::encode(affirmed(driver.asked())),
              judge::encode(std::get<event::Judged>(test::paper_answer(driver.asked())).decision));
    EXPECT_EQ(driver.on(event::Judged{driver.asked().question.id, affirmed(driver.asked())}), "deadline mint");
}

// A refusal goes into the journal and onto the bus.
TEST(Exchange, ARefusalThatNoHonestJudgeGivesIsNone) {
    const std::vector<std::function<void(judge::Decision&)>> kStrange{
        [](auto& d) { d.node = "node-2"; },
        [](auto& d) { d.node.clear(); },
        [](auto& d) { d.workload = "others"; },
        [](auto& d) { d.policy_hash[0] ^= 1; },
        [](auto& d) { d.policy_epoch = 6; },
        [](auto& d) { d.at += Seconds{1}; },
        [](auto& d) { d.expires += Seconds{1}; },
        [](auto& d) { d.terms.lifetime = Seconds{1}; },
        [](auto& d) { d.mint.role = "r"; },
        [](auto& d) { d.kinds = "seal"; },
        // Reasons that only the gate can have, of which some are alarms.
        [](auto& d) { d.findings[0].reason = Reason::wrapping_path_mismatch; },
        [](auto& d) { d.findings[0].reason = Reason::vault_sealed; },
        [](auto& d) { d.findings[0].reason = Reason::judge_unavailable; },
        [](auto& d) { d.findings[0].reason = Reason::node_revoked; },
        [](auto& d) { d.findings[0].reason = Reason::evidence_replayed; },
        [](auto& d) { d.findings[0].detail = "\x1b[2J"; },
        [](auto& d) { d.findings.push_back({Reason::audit_unavailable, "disk"}); },
    };
    for (std::size_t i = 0; i < kStrange.size(); ++i) {
        Driver driver;
        driver.bring_to("proof");
        driver.slow();
        driver.on(message(right_proof(7, "blue")));
        auto answer = std::get<event::Judged>(test::paper_answer(driver.asked()));
        kStrange[i](answer.decision);
        EXPECT_EQ(driver.on(answer), "end-judge deadline store(judge_unavailable)") << i;
    }
    // What the gate finds itself is not left out, nor hidden behind another reason.
    for (const bool hidden : {false, true}) {
        Driver driver;
        driver.bring_to("refused");
        driver.slow();
        driver.on(message(right_proof(7, "blue")));
        auto answer = std::get<event::Judged>(test::paper_answer(driver.asked()));
        ASSERT_EQ(answer.decision.findings.size(), 2U);
        if (hidden)
            std::swap(answer.decision.findings[0], answer.decision.findings[1]);
        else
            answer.decision.findings.erase(answer.decision.findings.begin());
        EXPECT_EQ(driver.on(answer), "end-judge deadline store(judge_unavailable)") << hidden;
    }
}

// A record keeps the items that a verdict names, and a judge can name anything.
TEST(Exchange, AVerdictThatRestsOnWhatNoBundleHoldsIsNone) {
    for (const bool bundle : {false, true})
        for (const std::string stamp : {"red", "blue"}) {
            Driver driver(bundle ? with_makers(rules(), {{"patterns/red", {1}}}) : rules());
            driver.bring_to("proof");
            driver.slow();
            driver.on(message(right_proof(7, stamp)));
            auto answer = std::get<event::Judged>(test::paper_answer(driver.asked()));
            ASSERT_EQ(answer.decision.granted(), stamp == "red");
            answer.decision.collateral = {"patterns/blue"};
            answer.decision.collateral_hash = filled<32>(0x77);
            EXPECT_EQ(driver.on(answer), "end-judge deadline store(judge_unavailable)") << stamp;
        }
}

// A challenge goes to the node, and to the judge who gets the proof.
TEST(Exchange, AnOpeningThatNoHonestJudgeGivesIsNone) {
    const std::vector<std::function<void(judge::Opening&)>> kStrange{
        [](auto& o) { o.findings.push_back({Reason::evidence_malformed, ""}); },
        [](auto& o) { o.requests.clear(); },
        [](auto& o) { o.requests[0].kind = "parchment"; },
        [](auto& o) { o.requests[0].kind = "NOT A KIND"; },
        [](auto& o) { o.requests.push_back({"parchment", {1}}); },
        [](auto& o) { o.requests.push_back(o.requests[0]); },
        [](auto& o) { o.requests[0].body.resize(kMostRequest + 1); },
        [](auto& o) { o.kept.clear(); },
        [](auto& o) { o.kept[0].kind = "parchment"; },
        [](auto& o) { o.kept.push_back(o.kept[0]); },
        [](auto& o) { o.kept[0].body.resize(kMostRequest + 1); },
    };
    for (std::size_t i = 0; i < kStrange.size(); ++i) {
        Driver driver;
        driver.bring_to("opening");
        auto answer = std::get<event::Opened>(test::paper_answer(driver.asked()));
        kStrange[i](answer.opening);
        EXPECT_EQ(driver.on(answer), "end-judge deadline store(judge_unavailable)") << i;
    }
    Driver driver;
    driver.bring_to("opening");
    auto answer = std::get<event::Opened>(test::paper_answer(driver.asked()));
    answer.opening.requests[0].body.resize(kMostRequest);
    EXPECT_EQ(driver.on(answer), "challenge deadline");
}

TEST(Exchange, NoChallengeGoesToWhomTheGateMustRefuse) {
    for (const bool known : {false, true}) {
        Driver driver;
        driver.bring_to("hello");
        driver.slow();
        auto hello = test::paper_hello();
        (known ? hello.identity.unit : hello.workload) = "others";
        driver.on(message(hello));
        const judge::Opening honest = judge::open(rules()->policy, opening_case(), test::find_paper);
        EXPECT_EQ(driver.on(event::Opened{driver.asked().question.id, honest}),
                  "end-judge deadline store(judge_unavailable)")
            << known;
    }
}

TEST(Exchange, TheJudgeThatIsEndedIsTheOneThatAnswered) {
    Driver driver;
    driver.bring_to("judging");
    auto answer = std::get<event::Judged>(test::paper_answer(driver.asked()));
    answer.decision.mint.role = "root";
    answer.judge = 42;
    driver.on(answer);
    const auto* end = driver.find<action::EndJudge>();
    ASSERT_NE(end, nullptr);
    EXPECT_EQ(end->judge, 42U);
    EXPECT_NE(end->why.find("its token is not the policy's"), std::string::npos);
}

// Its record could not be read at the next start, and its lease would be forgotten.
TEST(Exchange, AVerdictThatRestsOnMoreThanARecordHoldsIsNone) {
    attest::Collateral items;
    for (char name = 'a'; name < 'q'; ++name)
        items[std::string(1, name)] = Bytes(std::size_t{1} << 20);
    for (const auto& [count, then] : std::vector<std::pair<std::size_t, std::string>>{
             {6, "deadline mint"}, {7, "end-judge deadline store(judge_unavailable)"}}) {
        Driver driver(with_makers(rules(), items));
        driver.bring_to("judging");
        auto answer = std::get<event::Judged>(test::paper_answer(driver.asked()));
        for (auto item = items.begin(); answer.decision.collateral.size() < count; ++item)
            answer.decision.collateral.push_back(item->first);
        answer.decision.collateral_hash = filled<32>(0x77);
        EXPECT_EQ(driver.on(answer), then) << count;
    }
}

}  // namespace
}  // namespace ct::gate
