// SPDX-License-Identifier: Apache-2.0
// Every state of an exchange, every event that can happen in it, and what follows. The table is the specification: a row
// reads "in STATE, when EVENT happens: ACTIONS, then STATE".
#include "daemons/gate/core.h"

#include <functional>
#include <map>
#include <set>

#include "crypto/digest.h"
#include "exchange_driver.h"

namespace ct::gate {
namespace {

const std::map<std::string, std::function<Event()>> kEvents{
    {"connected", [] { return connected(); }},
    {"hello", [] { return message(test::paper_hello()); }},
    {"proof", [] { return message(right_proof()); }},
    {"wrong proof", [] { return message(right_proof(7, "blue")); }},
    {"challenge", [] { return message(attest::Challenge{}); }},
    {"release", [] { return message(attest::Release{{1}, "p", "k", "r", {}}); }},
    {"gibberish", [] { return event::Received{{0xFF, 0x00}}; }},
    {"broken", [] { return event::Broken{{Reason::tls_failed, "bad record"}}; }},
    {"too much", [] { return event::Broken{{Reason::too_large, "frame"}}; }},
    {"deadline", [] { return event::DeadlinePassed{}; }},
    {"closed", [] { return event::PeerClosed{}; }},
    {"minted", [] { return Driver::minted(); }},
    {"minted elsewhere", [] { return event::Minted{{1}, "auth/token/create", "a"}; }},
    {"not wrapped", [] { return event::MintFailed{{Reason::mint_not_wrapped, ""}}; }},
    {"sealed", [] { return event::MintFailed{{Reason::vault_sealed, ""}}; }},
    {"opened",
     [] { return event::Opened{kLastQuestion, judge::open(rules()->policy, opening_case(), test::find_paper)}; }},
    {"judged", [] { return event::Judged{kLastQuestion, granted()}; }},
    {"judge failed", [] { return event::JudgeFailed{kLastQuestion, {Reason::judge_unavailable, "it died", 0}}; }},
    {"another answer", [] { return event::Judged{1000, granted()}; }},
    {"stored", [] { return event::Stored{}; }},
    {"store failed", [] { return event::StoreFailed{{Reason::audit_unavailable, "disk"}}; }},
};

struct Row {
    std::string in, when, then;
    State state;
};

const std::vector<Row> kTable{
    // TLS. What fails here has no peer to answer to and no verdict.
    {"handshake", "connected", "deadline", State::hello},
    {"handshake", "hello", "close", State::closed},
    {"handshake", "proof", "close", State::closed},
    {"handshake", "wrong proof", "close", State::closed},
    {"handshake", "challenge", "close", State::closed},
    {"handshake", "release", "close", State::closed},
    {"handshake", "gibberish", "close", State::closed},
    {"handshake", "broken", "close", State::closed},
    {"handshake", "too much", "close", State::closed},
    {"handshake", "deadline", "close", State::closed},
    {"handshake", "closed", "close", State::closed},
    {"handshake", "minted", "", State::handshake},
    {"handshake", "minted elsewhere", "", State::handshake},
    {"handshake", "not wrapped", "", State::handshake},
    {"handshake", "sealed", "", State::handshake},
    {"handshake", "stored", "", State::handshake},
    {"handshake", "opened", "", State::handshake},
    {"handshake", "judged", "", State::handshake},
    {"handshake", "judge failed", "", State::handshake},
    {"handshake", "another answer", "", State::handshake},
    {"handshake", "store failed", "", State::handshake},
    // A stranger has been told so: it gets no second word.
    {"stranger", "connected", "close", State::closed},
    {"stranger", "hello", "close", State::closed},
    {"stranger", "proof", "close", State::closed},
    {"stranger", "wrong proof", "close", State::closed},
    {"stranger", "challenge", "close", State::closed},
    {"stranger", "release", "close", State::closed},
    {"stranger", "gibberish", "close", State::closed},
    {"stranger", "broken", "close", State::closed},
    {"stranger", "too much", "close", State::closed},
    {"stranger", "deadline", "close", State::closed},
    {"stranger", "closed", "close", State::closed},
    {"stranger", "minted", "", State::answered},
    {"stranger", "minted elsewhere", "", State::answered},
    {"stranger", "not wrapped", "", State::answered},
    {"stranger", "sealed", "", State::answered},
    {"stranger", "stored", "", State::answered},
    {"stranger", "opened", "", State::answered},
    {"stranger", "judged", "", State::answered},
    {"stranger", "judge failed", "", State::answered},
    {"stranger", "another answer", "", State::answered},
    {"stranger", "store failed", "", State::answered},
    // A node is there, its hello is not.
    {"hello", "connected", "close", State::closed},
    {"hello", "hello", "challenge deadline", State::proof},
    {"hello", "proof", "deadline store(challenge_unknown)", State::record},
    {"hello", "wrong proof", "deadline store(challenge_unknown)", State::record},
    {"hello", "challenge", "deadline store(protocol_violation)", State::record},
    {"hello", "release", "deadline store(protocol_violation)", State::record},
    {"hello", "gibberish", "deadline store(protocol_violation)", State::record},
    {"hello", "broken", "deadline store(protocol_violation)", State::record},
    {"hello", "too much", "deadline store(too_large)", State::record},
    {"hello", "deadline", "deadline store(timed_out)", State::record},
    {"hello", "closed", "close", State::closed},
    {"hello", "minted", "", State::hello},
    {"hello", "minted elsewhere", "", State::hello},
    {"hello", "not wrapped", "", State::hello},
    {"hello", "sealed", "", State::hello},
    {"hello", "stored", "", State::hello},
    {"hello", "opened", "", State::hello},
    {"hello", "judged", "", State::hello},
    {"hello", "judge failed", "", State::hello},
    {"hello", "another answer", "", State::hello},
    {"hello", "store failed", "", State::hello},
    // The judge looks at the hello: whatever it says of it, nothing is granted here.
    {"opening", "connected", "close", State::closed},
    {"opening", "hello", "deadline ask", State::judging},
    {"opening", "proof", "deadline ask", State::judging},
    {"opening", "wrong proof", "deadline ask", State::judging},
    {"opening", "challenge", "deadline ask", State::judging},
    {"opening", "release", "deadline ask", State::judging},
    {"opening", "gibberish", "deadline ask", State::judging},
    {"opening", "broken", "deadline ask", State::judging},
    {"opening", "too much", "deadline ask", State::judging},
    {"opening", "deadline", "deadline store(judge_unavailable)", State::record},
    {"opening", "closed", "close", State::closed},
    {"opening", "minted", "", State::opening},
    {"opening", "minted elsewhere", "", State::opening},
    {"opening", "not wrapped", "", State::opening},
    {"opening", "sealed", "", State::opening},
    {"opening", "stored", "", State::opening},
    {"opening", "store failed", "", State::opening},
    {"opening", "opened", "challenge deadline", State::proof},
    {"opening", "judged", "end-judge deadline store(judge_unavailable)", State::record},
    {"opening", "judge failed", "deadline store(judge_unavailable)", State::record},
    {"opening", "another answer", "", State::opening},
    // The judge looks at the proof.
    {"judging", "connected", "close", State::closed},
    {"judging", "hello", "deadline ask", State::judging},
    {"judging", "proof", "deadline ask", State::judging},
    {"judging", "wrong proof", "deadline ask", State::judging},
    {"judging", "challenge", "deadline ask", State::judging},
    {"judging", "release", "deadline ask", State::judging},
    {"judging", "gibberish", "deadline ask", State::judging},
    {"judging", "broken", "", State::judging},
    {"judging", "too much", "", State::judging},
    {"judging", "deadline", "deadline store(judge_unavailable)", State::record},
    {"judging", "closed", "", State::judging},
    {"judging", "minted", "", State::judging},
    {"judging", "minted elsewhere", "", State::judging},
    {"judging", "not wrapped", "", State::judging},
    {"judging", "sealed", "", State::judging},
    {"judging", "stored", "", State::judging},
    {"judging", "store failed", "", State::judging},
    {"judging", "opened", "end-judge deadline store(judge_unavailable)", State::record},
    {"judging", "judged", "deadline mint", State::mint},
    {"judging", "judge failed", "deadline store(judge_unavailable)", State::record},
    {"judging", "another answer", "", State::judging},
    // The challenge is out.
    {"proof", "connected", "close", State::closed},
    {"proof", "hello", "deadline store(protocol_violation)", State::record},
    {"proof", "proof", "deadline mint", State::mint},
    {"proof", "wrong proof", "deadline store(evidence_measurement_mismatch)", State::record},
    {"proof", "challenge", "deadline store(protocol_violation)", State::record},
    {"proof", "release", "deadline store(protocol_violation)", State::record},
    {"proof", "gibberish", "deadline store(protocol_violation)", State::record},
    {"proof", "broken", "deadline store(protocol_violation)", State::record},
    {"proof", "too much", "deadline store(too_large)", State::record},
    {"proof", "deadline", "deadline store(challenge_expired)", State::record},
    {"proof", "closed", "close", State::closed},
    {"proof", "minted", "", State::proof},
    {"proof", "minted elsewhere", "", State::proof},
    {"proof", "not wrapped", "", State::proof},
    {"proof", "sealed", "", State::proof},
    {"proof", "stored", "", State::proof},
    {"proof", "opened", "", State::proof},
    {"proof", "judged", "", State::proof},
    {"proof", "judge failed", "", State::proof},
    {"proof", "another answer", "", State::proof},
    {"proof", "store failed", "", State::proof},
    // The verdict is affirming; OpenBao has the word.
    {"mint", "connected", "close", State::closed},
    {"mint", "hello", "deadline store(protocol_violation)", State::record},
    {"mint", "proof", "deadline store(protocol_violation)", State::record},
    {"mint", "wrong proof", "deadline store(protocol_violation)", State::record},
    {"mint", "challenge", "deadline store(protocol_violation)", State::record},
    {"mint", "release", "deadline store(protocol_violation)", State::record},
    {"mint", "gibberish", "deadline store(protocol_violation)", State::record},
    {"mint", "broken", "deadline store(protocol_violation)", State::record},
    {"mint", "too much", "deadline store(too_large)", State::record},
    {"mint", "deadline", "deadline store(timed_out)", State::record},
    {"mint", "closed", "deadline store(cancelled)", State::record},
    {"mint", "minted", "deadline store(released)", State::record},
    {"mint", "minted elsewhere", "deadline store(wrapping_path_mismatch)", State::record},
    {"mint", "not wrapped", "deadline store(mint_not_wrapped)", State::record},
    {"mint", "sealed", "deadline store(vault_sealed)", State::record},
    {"mint", "stored", "", State::mint},
    {"mint", "opened", "", State::mint},
    {"mint", "judged", "", State::mint},
    {"mint", "judge failed", "", State::mint},
    {"mint", "another answer", "", State::mint},
    {"mint", "store failed", "", State::mint},
    // A release is being recorded: nothing but the disk decides.
    {"releasing", "connected", "close", State::closed},
    {"releasing", "hello", "close", State::closed},
    {"releasing", "proof", "close", State::closed},
    {"releasing", "wrong proof", "close", State::closed},
    {"releasing", "challenge", "close", State::closed},
    {"releasing", "release", "close", State::closed},
    {"releasing", "gibberish", "close", State::closed},
    {"releasing", "broken", "", State::record},
    {"releasing", "too much", "", State::record},
    {"releasing", "deadline", "close", State::closed},
    {"releasing", "closed", "", State::record},
    {"releasing", "minted", "", State::record},
    {"releasing", "minted elsewhere", "", State::record},
    {"releasing", "not wrapped", "", State::record},
    {"releasing", "sealed", "", State::record},
    {"releasing", "stored", "release announce(released) deadline", State::answered},
    {"releasing", "opened", "", State::record},
    {"releasing", "judged", "", State::record},
    {"releasing", "judge failed", "", State::record},
    {"releasing", "another answer", "", State::record},
    {"releasing", "store failed", "refuse(audit_unavailable,unrecorded) announce(audit_unavailable) deadline",
     State::answered},
    // A refusal is being recorded: it goes out either way.
    {"refusing", "connected", "close", State::closed},
    {"refusing", "hello", "close", State::closed},
    {"refusing", "proof", "close", State::closed},
    {"refusing", "wrong proof", "close", State::closed},
    {"refusing", "challenge", "close", State::closed},
    {"refusing", "release", "close", State::closed},
    {"refusing", "gibberish", "close", State::closed},
    {"refusing", "broken", "", State::record},
    {"refusing", "too much", "", State::record},
    {"refusing", "deadline", "close", State::closed},
    {"refusing", "closed", "", State::record},
    {"refusing", "minted", "", State::record},
    {"refusing", "minted elsewhere", "", State::record},
    {"refusing", "not wrapped", "", State::record},
    {"refusing", "sealed", "", State::record},
    {"refusing", "stored", "refuse(evidence_measurement_mismatch) announce(evidence_measurement_mismatch) deadline",
     State::answered},
    {"refusing", "opened", "", State::record},
    {"refusing", "judged", "", State::record},
    {"refusing", "judge failed", "", State::record},
    {"refusing", "another answer", "", State::record},
    {"refusing", "store failed",
     "refuse(evidence_measurement_mismatch,unrecorded) announce(evidence_measurement_mismatch) deadline",
     State::answered},
    // After the answer, a further proof is told that its challenge is spent; nothing else is answered.
    {"released", "connected", "close", State::closed},
    {"released", "hello", "close", State::closed},
    {"released", "proof", "deadline store(challenge_reused)", State::record},
    {"released", "wrong proof", "deadline store(challenge_reused)", State::record},
    {"released", "challenge", "close", State::closed},
    {"released", "release", "close", State::closed},
    {"released", "gibberish", "close", State::closed},
    {"released", "broken", "close", State::closed},
    {"released", "too much", "close", State::closed},
    {"released", "deadline", "close", State::closed},
    {"released", "closed", "close", State::closed},
    {"released", "minted", "", State::answered},
    {"released", "minted elsewhere", "", State::answered},
    {"released", "not wrapped", "", State::answered},
    {"released", "sealed", "", State::answered},
    {"released", "stored", "", State::answered},
    {"released", "opened", "", State::answered},
    {"released", "judged", "", State::answered},
    {"released", "judge failed", "", State::answered},
    {"released", "another answer", "", State::answered},
    {"released", "store failed", "", State::answered},
    {"refused", "connected", "close", State::closed},
    {"refused", "hello", "close", State::closed},
    {"refused", "proof", "deadline store(challenge_reused)", State::record},
    {"refused", "wrong proof", "deadline store(challenge_reused)", State::record},
    {"refused", "challenge", "close", State::closed},
    {"refused", "release", "close", State::closed},
    {"refused", "gibberish", "close", State::closed},
    {"refused", "broken", "close", State::closed},
    {"refused", "too much", "close", State::closed},
    {"refused", "deadline", "close", State::closed},
    {"refused", "closed", "close", State::closed},
    {"refused", "minted", "", State::answered},
    {"refused", "minted elsewhere", "", State::answered},
    {"refused", "not wrapped", "", State::answered},
    {"refused", "sealed", "", State::answered},
    {"refused", "stored", "", State::answered},
    {"refused", "opened", "", State::answered},
    {"refused", "judged", "", State::answered},
    {"refused", "judge failed", "", State::answered},
    {"refused", "another answer", "", State::answered},
    {"refused", "store failed", "", State::answered},
};

TEST(Exchange, FollowsTheTable) {
    for (const auto& row : kTable) {
        Driver driver;
        driver.bring_to(row.in);
        EXPECT_EQ(driver.on(kEvents.at(row.when)()), row.then) << row.in << ", " << row.when;
        EXPECT_EQ(driver.state(), row.state) << row.in << ", " << row.when;
    }
}

TEST(Exchange, TheTableKnowsEveryEventInEveryState) {
    std::set<std::pair<std::string, std::string>> rows;
    std::set<std::string> states;
    for (const auto& row : kTable) {
        EXPECT_TRUE(rows.emplace(row.in, row.when).second) << row.in << ", " << row.when << " is there twice";
        states.insert(row.in);
    }
    EXPECT_EQ(states.size(), 11U);
    EXPECT_EQ(rows.size(), states.size() * kEvents.size());
}

TEST(Exchange, NothingHappensOnceItIsClosed) {
    for (const auto& [name, make] : kEvents) {
        Driver driver;
        driver.bring_to("closed");
        ASSERT_EQ(driver.state(), State::closed);
        EXPECT_EQ(driver.on(make()), "") << name;
    }
}

// In no state but `mint` does a token lead anywhere, and no release is sent before its record is stored: the table says
// so; this says it of any two events in a row.
TEST(Exchange, NoTwoEventsReleaseWithoutVerdictTokenAndRecord) {
    for (const std::string state : {"handshake", "stranger", "hello", "refusing", "refused"}) {
        for (const auto& [first, make_first] : kEvents)
            for (const auto& [second, make_second] : kEvents) {
                Driver driver;
                driver.bring_to(state);
                const auto one = driver.on(make_first());
                const auto two = driver.on(make_second());
                EXPECT_EQ((one + two).find("release"), std::string::npos) << state << ": " << first << ", " << second;
            }
    }
}

TEST(Exchange, ATokenThatIsMadeUnderOtherRulesGoesNowhereButIsOnRecord) {
    Driver driver;
    driver.bring_to("mint");
    driver.use(rules());  // a reload of the same file is one, too
    EXPECT_EQ(driver.on(Driver::minted()), "deadline store(policy_epoch_stale)");
    EXPECT_EQ(driver.find<action::Store>()->verdict.accessor, "accessor-1");
    EXPECT_EQ(driver.on(event::Stored{}), "refuse(policy_epoch_stale) announce(policy_epoch_stale) deadline");
}

TEST(Exchange, ANodeThatLeftBeforeTheVerdictGetsNoToken) {
    Driver driver;
    driver.bring_to("judging");
    EXPECT_EQ(driver.on(event::PeerClosed{}), "");
    EXPECT_EQ(driver.on(test::paper_answer(driver.asked())), "deadline ask");
    EXPECT_EQ(driver.on(test::paper_answer(driver.asked())), "deadline store(cancelled)");
    EXPECT_EQ(driver.on(event::Stored{}), "announce(cancelled) close");
}

TEST(Exchange, AVerdictByRulesThatHaveChangedMeanwhileIsAskedForAgain) {
    for (const std::string state : {"opening", "judging"}) {
        Driver driver;
        driver.bring_to(state);
        const auto old = driver.asked();
        driver.use(rules(test::kPaperPolicy, true));
        EXPECT_EQ(driver.on(test::paper_answer(old)), "deadline ask") << state;
        EXPECT_EQ(driver.on(test::paper_answer(old)), "") << "the old answer is none any more";
        EXPECT_EQ(driver.on(test::paper_answer(driver.asked())), "deadline store(node_revoked)") << state;
    }
}

TEST(Exchange, AJudgeThatEndedWithItsRulesIsFollowedByTheNext) {
    for (const std::string state : {"opening", "judging"}) {
        Driver driver;
        driver.bring_to(state);
        const auto about = driver.asked().question.about;
        driver.use(rules());
        const event::JudgeFailed failed{driver.asked().question.id,
                                        {Reason::judge_unavailable, "the rules changed", 0}};
        EXPECT_EQ(driver.on(failed), "deadline ask") << state;
        EXPECT_EQ(driver.asked().question.about, about);
        EXPECT_EQ(driver.on(failed), "") << "it was asked something else";
        EXPECT_EQ(driver.on(event::JudgeFailed{driver.asked().question.id, failed.error}),
                  "deadline store(judge_unavailable)")
            << state << ": by these rules it was asked once";
    }
}

TEST(Exchange, WhatBrokeTheJudgeIsOnRecordAndNeverLookedAtAgain) {
    Driver driver;
    driver.bring_to("judging");
    driver.on(event::JudgeFailed{driver.asked().question.id, {Reason::judge_unavailable, "it died", 0}});
    const auto record = judge::decode_record(driver.find<action::Store>()->record);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->facts.proof, driver.asked().question.facts.proof);
    // A verifier that must not be called.
    const auto again = judge::replay(*record, [](std::string_view kind) -> const attest::Verifier* {
        static const test::PaperVerifier paper;
        class Trap final : public attest::Verifier {
            [[nodiscard]] std::string_view kind() const override { return paper.kind(); }
            [[nodiscard]] Result<std::shared_ptr<const attest::KindPolicy>> parse_policy(
                const config::Node& table, const attest::Attachments& files) const override {
                return paper.parse_policy(table, files);
            }
            [[nodiscard]] Status check_key(std::string_view word) const override { return paper.check_key(word); }
            [[nodiscard]] Result<attest::EvidenceRequest> request(ByteView, const attest::KindPolicy&,
                                                                  const ByteArray<32>&, WallTime,
                                                                  attest::EnrolledKeys) const override {
                ADD_FAILURE() << "asked";
                return fail(Reason::internal);
            }
            [[nodiscard]] attest::Verdict verify(const attest::Subject&, const attest::KindPolicy&) const override {
                ADD_FAILURE() << "judged";
                return {};
            }
        };
        static const Trap trap;
        return kind == "paper" ? &trap : nullptr;
    });
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_TRUE(again->equal);
}

// What the actions hold.

TEST(Exchange, TheChallengeHoldsWhatThePolicyAsks) {
    Driver driver;
    driver.bring_to("proof");
    const auto sent = attest::decode(driver.find<action::Send>()->message);
    ASSERT_TRUE(sent);
    const auto& challenge = std::get<attest::Challenge>(*sent);
    EXPECT_EQ(challenge.challenge, filled<32>(0x44));
    EXPECT_EQ(challenge.policy_epoch, 7U);
    EXPECT_EQ(challenge.requests,
              (std::vector<attest::KindBlob>{{"paper", to_vector(judge::kind_entropy(filled<32>(0x10), "paper"))}}));
    EXPECT_EQ(driver.find<action::SetDeadline>()->after, Millis{limits::kChallengeLife});
}

TEST(Exchange, TheMintOrderNamesRoleNodeWorkloadAndRecord) {
    Driver driver;
    driver.bring_to("mint");
    const auto* mint = driver.find<action::Mint>();
    ASSERT_NE(mint, nullptr);
    EXPECT_EQ(mint->order, (judge::MintOrder{"wl-payments", Seconds{300}, Seconds{30}}));
    EXPECT_EQ(mint->display_name, "cloudtaser-node-1");
    EXPECT_EQ(mint->meta.at("node"), "node-1");
    EXPECT_EQ(mint->meta.at("workload"), "payments");
    EXPECT_EQ(mint->meta.at("record").size(), 40U);
    EXPECT_EQ(mint->sealing_key, filled<32>(0x66));
    EXPECT_EQ(mint->binding, judge::case_binding(test::paper_case()));
}

TEST(Exchange, TheReleaseHoldsTheSealedTokenTheTermsAndTheRecord) {
    Driver driver;
    driver.bring_to("releasing");
    const auto store = *driver.find<action::Store>();
    driver.on(event::Stored{});
    const auto release = std::get<attest::Release>(*attest::decode(driver.find<action::Send>()->message));
    EXPECT_EQ(release.sealed_token, (Bytes{1, 2, 3}));
    EXPECT_EQ(release.creation_path, kPath);
    EXPECT_EQ(release.evidence_kind, "paper");
    EXPECT_EQ(release.record, store.verdict.record);
    EXPECT_EQ(release.terms, (attest::Terms{Seconds{600}, "AB", true, false}));
    const auto* announce = &driver.find<action::Announce>()->verdict;
    EXPECT_EQ(announce->record_sha256, hex_encode(crypto::sha256(store.record)));
    EXPECT_EQ(announce->accessor, "accessor-1");
    EXPECT_EQ(announce->workload, "payments");
    EXPECT_EQ(announce->node, "node-1");
    EXPECT_EQ(announce->kinds, "paper");
    const auto text = as_text(store.record);
    EXPECT_EQ(text.find(as_text(Bytes{1, 2, 3})), std::string::npos) << "no token in the record, sealed or not";
}

TEST(Exchange, ARefusalTellsTheFirstReasonAndItsRecordHoldsThemAll) {
    Driver driver;
    driver.bring_to("refusing");
    const auto record = judge::decode_record(driver.find<action::Store>()->record);
    ASSERT_TRUE(record);
    EXPECT_EQ(judge::decode_decision(record->decision)->findings.size(), 1U);
    driver.on(event::Stored{});
    const auto refusal = std::get<attest::Refusal>(*attest::decode(driver.find<action::Send>()->message));
    EXPECT_EQ(refusal.reason, "evidence_measurement_mismatch");
    EXPECT_EQ(refusal.detail, "paper: stamp is blue, not red");
    EXPECT_EQ(refusal.record, record->id);
}

TEST(Exchange, AStrangerIsRefusedUnread) {
    Driver driver(rules(test::kPaperPolicy, false, std::string(64, '7')));
    EXPECT_EQ(driver.on(connected()), "deadline store(stranger:node_unknown)");
    EXPECT_FALSE(driver.exchange().wants_message());
    EXPECT_EQ(driver.on(event::Stored{}), "refuse(node_unknown) announce(node_unknown) drain deadline");
    EXPECT_FALSE(driver.exchange().wants_message());
}

TEST(Exchange, ARevokedNodeAndAnExpiredCertificateAreRefusedUnread) {
    Driver revoked(rules(test::kPaperPolicy, true));
    EXPECT_EQ(revoked.on(connected()), "deadline store(node_revoked)");
    Driver expired;
    auto who = connected();
    who.not_after = kNow;
    EXPECT_EQ(expired.on(who), "deadline store(tls_certificate_expired)");
    EXPECT_FALSE(expired.exchange().wants_message());
}

TEST(Exchange, ANodeOnTheDenyListIsRefusedUnread) {
    Driver driver(with_makers(rules(), {{"deny", to_vector(as_bytes("node=sha256:" + std::string(64, '1') + "\n"))}}));
    EXPECT_EQ(driver.on(connected()), "deadline store(node_revoked)");
    EXPECT_FALSE(driver.exchange().wants_message());
}

TEST(Exchange, AWorkloadWithoutPolicyIsRefusedAtTheHello) {
    Driver driver;
    driver.bring_to("hello");
    auto hello = test::paper_hello();
    hello.workload = "unheard";
    EXPECT_EQ(driver.on(message(hello)), "deadline store(workload_unknown)");
}

TEST(Exchange, AnIntroductionThatLeadsNowhereGetsNoChallenge) {
    Driver driver;
    driver.bring_to("hello");
    auto hello = test::paper_hello();
    hello.introductions[0].body = {9};
    EXPECT_EQ(driver.on(message(hello)), "deadline store(evidence_key_untrusted)");
}

TEST(Exchange, TheRulesOfTheMomentCountNotThoseOfTheHello) {
    auto text = test::kPaperPolicy;
    text.replace(text.find("epoch = 7"), 9, "epoch = 8");
    Driver raised;
    raised.bring_to("proof");
    raised.use(rules(text));
    EXPECT_EQ(raised.on(message(right_proof())), "deadline store(policy_epoch_stale)");
    Driver revoked;
    revoked.bring_to("proof");
    revoked.use(rules(test::kPaperPolicy, true));
    EXPECT_EQ(revoked.on(message(right_proof())), "deadline store(node_revoked)");
}

TEST(Exchange, AProofAfterTheChallengesLifeIsLateEvenIfTheDeadlineWasMissed) {
    Driver driver;
    driver.bring_to("proof");
    driver.advance(limits::kChallengeLife);
    EXPECT_EQ(driver.on(message(right_proof())), "deadline store(challenge_expired)");
}

TEST(Exchange, AChallengeIsSpentByARefusedProofToo) {
    Driver driver;
    driver.bring_to("refused");
    EXPECT_TRUE(driver.exchange().wants_message());
    EXPECT_EQ(driver.on(message(right_proof())), "deadline store(challenge_reused)");
    EXPECT_EQ(driver.on(event::Stored{}), "refuse(challenge_reused) announce(challenge_reused) drain deadline");
    EXPECT_FALSE(driver.exchange().wants_message());
    EXPECT_EQ(driver.on(message(right_proof())), "close") << "once is enough";
}

TEST(Exchange, ATokenThatComesAfterTheNodeLeftGoesNowhereButIsOnRecord) {
    Driver driver;
    driver.bring_to("mint");
    EXPECT_EQ(driver.on(event::PeerClosed{}), "deadline store(cancelled)");
    EXPECT_EQ(driver.on(Driver::minted()), "");
    EXPECT_EQ(driver.on(event::Stored{}), "announce(cancelled) close");
}

TEST(Exchange, ANodeThatLeavesWhileTheReleaseIsRecordedGetsNothing) {
    Driver driver;
    driver.bring_to("releasing");
    driver.on(event::PeerClosed{});
    EXPECT_EQ(driver.on(event::Stored{}), "announce(released) close");
}

TEST(Exchange, AHelloOfAnotherVersionIsToldSo) {
    Driver driver;
    driver.bring_to("hello");
    auto hello = test::paper_hello();
    hello.version = 2;
    const auto then = driver.on(message(hello));
    EXPECT_EQ(then, "deadline store(protocol_version)");
}

}  // namespace
}  // namespace ct::gate
