// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/session_core.h"

#include <gtest/gtest.h>

namespace ct::secretd {
namespace {

constexpr std::uint64_t kUid = 1000;

WorkloadRules rules() {
    WorkloadRules rules;
    rules.name = "payments";
    rules.uids = {kUid};
    return rules;
}

attest::Identity caller() { return {kUid, "payments.service", std::nullopt}; }

attest::Terms terms() { return {Seconds{300}, "AB", false, false}; }

// The one event that each state waits for.
SessionEvent step_from(SessionState state) {
    switch (state) {
        case SessionState::open:
            return Identified{caller()};
        case SessionState::protect:
            return Protected{false};
        case SessionState::attest:
            return Granted{terms()};
        default:
            return Fetched{};
    }
}

constexpr SessionState kPath[] = {SessionState::open, SessionState::protect, SessionState::attest, SessionState::fetch,
                                  SessionState::live};

// Walks the good path until `state`.
SessionCore in_state(const WorkloadRules& rules, SessionState state) {
    SessionCore core(rules, false);
    (void)core.start();
    for (const auto at : kPath) {
        if (core.state() == state) break;
        (void)core.on(step_from(at));
    }
    EXPECT_EQ(core.state(), state);
    return core;
}

Reason refused_with(const std::vector<SessionAction>& actions) {
    EXPECT_EQ(actions.size(), 1U);
    const auto* refuse = std::get_if<Refuse>(&actions.at(0));
    EXPECT_NE(refuse, nullptr);
    return refuse != nullptr ? refuse->error.reason : Reason::internal;
}

Reason ended_with(const std::vector<SessionAction>& actions) {
    EXPECT_EQ(actions.size(), 1U);
    const auto* end = std::get_if<End>(&actions.at(0));
    EXPECT_NE(end, nullptr);
    return end != nullptr ? end->why.reason : Reason::internal;
}

TEST(SessionCore, WalksFromOpenToLiveOneActionAtATime) {
    const auto r = rules();
    SessionCore core(r, false);
    auto actions = core.start();
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Identify>(actions[0]));
    actions = core.on(Identified{caller()});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Protect>(actions[0]));
    actions = core.on(Protected{true});
    ASSERT_EQ(actions.size(), 1U);
    ASSERT_TRUE(std::holds_alternative<AcquireGrant>(actions[0]));
    EXPECT_EQ(std::get<AcquireGrant>(actions[0]).identity, caller());
    actions = core.on(Granted{terms()});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Fetch>(actions[0]));
    actions = core.on(Fetched{});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Answer>(actions[0]));
    EXPECT_EQ(core.state(), SessionState::live);
    EXPECT_TRUE(core.enforced());
}

// Every state x every failure: what the launcher is told, and that nothing but the end follows.
struct FailureCase {
    const char* name;
    SessionEvent event;
    Reason before_answer;  // Refuse with this reason in open, protect, attest, fetch
    Reason when_live;      // End with this reason in live
};

TEST(SessionCore, EveryFailureInEveryStateEndsClosedWithItsReason) {
    std::vector<FailureCase> cases;
    cases.push_back({"revoked", Revoked{}, Reason::session_ended, Reason::session_ended});
    // Whatever reason a step reports is the reason that the launcher sees: the whole list, not a sample.
    for (std::uint16_t i = 0; i <= static_cast<std::uint16_t>(Reason::memlock_limit); ++i) {
        const auto reason = static_cast<Reason>(i);
        cases.push_back({"failed", Failed{Error{reason, "step"}}, reason, reason});
        cases.push_back({"grant lost", GrantLost{Error{reason, "grant"}}, reason, reason});
    }
    const auto r = rules();
    for (const auto& failure : cases) {
        for (const auto state : kPath) {
            SCOPED_TRACE(std::string(failure.name) + " in " + std::string(to_string(state)));
            auto core = in_state(r, state);
            const auto actions = core.on(failure.event);
            if (state == SessionState::live)
                EXPECT_EQ(ended_with(actions), failure.when_live);
            else
                EXPECT_EQ(refused_with(actions), failure.before_answer);
            EXPECT_EQ(core.state(), SessionState::ended);
        }
    }
}

TEST(SessionCore, ATimeoutRefusesBeforeTheAnswerAndNeverEndsALiveSession) {
    const auto r = rules();
    for (const auto state : kPath) {
        auto core = in_state(r, state);
        const auto actions = core.on(TimedOut{});
        if (state == SessionState::live) {
            EXPECT_TRUE(actions.empty());
            EXPECT_EQ(core.state(), SessionState::live);
        } else {
            EXPECT_EQ(refused_with(actions), Reason::timed_out);
        }
    }
}

TEST(SessionCore, AClosedLineEndsEveryStateWithoutAnAnswer) {
    const auto r = rules();
    for (const auto state : kPath) {
        auto core = in_state(r, state);
        EXPECT_EQ(ended_with(core.on(LineClosed{})), Reason::session_ended);
        EXPECT_EQ(core.state(), SessionState::ended);
    }
}

TEST(SessionCore, AnUnexpectedStepIsAFaultThatEndsClosed) {
    const auto r = rules();
    const SessionEvent steps[] = {Identified{caller()}, Protected{true}, Granted{terms()}, Fetched{}};
    for (const auto state : kPath) {
        for (std::size_t i = 0; i < std::size(steps); ++i) {
            if (steps[i].index() == step_from(state).index() && state != SessionState::live) continue;
            if (state == SessionState::live && std::holds_alternative<Granted>(steps[i])) continue;  // a renewal
            auto core = in_state(r, state);
            const auto actions = core.on(steps[i]);
            EXPECT_EQ(state == SessionState::live ? ended_with(actions) : refused_with(actions), Reason::internal);
            EXPECT_EQ(core.state(), SessionState::ended);
        }
    }
}

TEST(SessionCore, ARenewedGrantKeepsALiveSessionAsItIs) {
    const auto r = rules();
    auto core = in_state(r, SessionState::live);
    EXPECT_TRUE(core.on(Granted{terms()}).empty());
    EXPECT_EQ(core.state(), SessionState::live);
}

TEST(SessionCore, NothingWakesAnEndedSession) {
    const auto r = rules();
    const SessionEvent events[] = {
        Identified{caller()}, Protected{true}, Granted{terms()}, Fetched{},       Wanted{},
        TimedOut{},           LineClosed{},    Revoked{},        Failed{Error{}}, GrantLost{Error{}}};
    for (const auto& event : events) {
        auto core = in_state(r, SessionState::open);
        (void)core.on(Revoked{});
        EXPECT_TRUE(core.on(event).empty());
        EXPECT_EQ(core.state(), SessionState::ended);
    }
}

TEST(SessionCore, RefusesACallerThatTheNodeDoesNotName) {
    auto r = rules();
    SessionCore other_uid(r, false);
    (void)other_uid.start();
    EXPECT_EQ(refused_with(other_uid.on(Identified{{kUid + 1, "payments.service", {}}})), Reason::caller_not_allowed);

    r.units = {"billing.service"};
    SessionCore other_unit(r, false);
    (void)other_unit.start();
    EXPECT_EQ(refused_with(other_unit.on(Identified{caller()})), Reason::caller_not_allowed);

    r.units.clear();
    r.executables = {std::string(64, 'a')};
    SessionCore unreadable(r, false);
    (void)unreadable.start();
    EXPECT_EQ(refused_with(unreadable.on(Identified{caller()})), Reason::identity_unreadable);

    SessionCore other_program(r, false);
    (void)other_program.start();
    EXPECT_EQ(refused_with(other_program.on(Identified{{kUid, "payments.service", Sha256{1}}})),
              Reason::executable_not_allowed);
}

TEST(SessionCore, RequiredEnforcementThatIsNotArmedStopsBeforeAttestation) {
    auto r = rules();
    r.require_enforcement = true;
    auto core = in_state(r, SessionState::protect);
    EXPECT_EQ(refused_with(core.on(Protected{false})), Reason::enforcement_unavailable);
}

TEST(SessionCore, TheGateMayRequireEnforcementToo) {
    const auto r = rules();
    auto core = in_state(r, SessionState::attest);
    auto strict = terms();
    strict.require_enforcement = true;
    EXPECT_EQ(refused_with(core.on(Granted{strict})), Reason::enforcement_unavailable);
}

TEST(SessionCore, WithoutSecretMemoryNothingIsFetchedUnlessTheGateSaysSo) {
    const auto r = rules();
    for (const bool allowed : {false, true}) {
        SessionCore core(r, true);
        (void)core.start();
        (void)core.on(Identified{caller()});
        (void)core.on(Protected{false});
        auto degraded = terms();
        degraded.allow_degraded_memory = allowed;
        const auto actions = core.on(Granted{degraded});
        if (allowed)
            EXPECT_TRUE(std::holds_alternative<Fetch>(actions.at(0)));
        else
            EXPECT_EQ(refused_with(actions), Reason::secret_memory_unavailable);
    }
}

// ---- sessions that outlived a restart

SessionCore restored(const WorkloadRules& rules) {
    auto core = SessionCore::restored(rules, false, caller());
    EXPECT_TRUE(core) << core.error().to_string();
    return std::move(*core);
}

TEST(SessionCoreRestored, SleepsUntilItIsAskedAndThenAttestsAndReadsAnew) {
    const auto r = rules();
    auto core = restored(r);
    EXPECT_EQ(core.state(), SessionState::dormant);
    auto actions = core.on(Wanted{});
    ASSERT_EQ(actions.size(), 1U);
    ASSERT_TRUE(std::holds_alternative<AcquireGrant>(actions[0]));
    EXPECT_EQ(std::get<AcquireGrant>(actions[0]).identity, caller());
    EXPECT_TRUE(core.on(Wanted{}).empty()) << "a second request waits with the first";
    actions = core.on(Granted{terms()});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Fetch>(actions[0]));
    EXPECT_TRUE(core.on(Wanted{}).empty());
    actions = core.on(Fetched{});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Serve>(actions[0])) << "the launcher was answered long ago";
    EXPECT_EQ(core.state(), SessionState::live);
}

TEST(SessionCoreRestored, AFailureOnTheWayIsToldAndTheSessionMayAskAgain) {
    const auto r = rules();
    const SessionEvent failures[] = {Failed{Error{Reason::vault_sealed, ""}},
                                     GrantLost{Error{Reason::evidence_measurement_mismatch, ""}}, TimedOut{}};
    const Reason reasons[] = {Reason::vault_sealed, Reason::evidence_measurement_mismatch, Reason::timed_out};
    for (const bool granted : {false, true}) {
        for (std::size_t i = 0; i < std::size(failures); ++i) {
            auto core = restored(r);
            (void)core.on(Wanted{});
            if (granted) (void)core.on(Granted{terms()});
            const auto actions = core.on(failures[i]);
            ASSERT_EQ(actions.size(), 1U);
            const auto* deny = std::get_if<Deny>(&actions[0]);
            ASSERT_NE(deny, nullptr);
            EXPECT_EQ(deny->error.reason, reasons[i]);
            EXPECT_EQ(core.state(), SessionState::dormant);
            EXPECT_TRUE(std::holds_alternative<AcquireGrant>(core.on(Wanted{}).at(0)));
        }
    }
}

TEST(SessionCoreRestored, TheLastWordOfAFailedWakeDoesNotEndIt) {
    const auto r = rules();
    for (const SessionEvent& late : {SessionEvent{Granted{terms()}}, SessionEvent{Fetched{}}}) {
        auto core = restored(r);
        (void)core.on(Wanted{});
        (void)core.on(TimedOut{});
        EXPECT_TRUE(core.on(late).empty());
        EXPECT_EQ(core.state(), SessionState::dormant);
    }
    for (const SessionEvent& fault : {SessionEvent{Identified{caller()}}, SessionEvent{Protected{true}}}) {
        auto core = restored(r);
        EXPECT_EQ(ended_with(core.on(fault)), Reason::internal);
    }
}

TEST(SessionCoreRestored, TheGateMayHaveBecomeStricter) {
    const auto r = rules();
    auto core = restored(r);
    (void)core.on(Wanted{});
    auto strict = terms();
    strict.require_enforcement = true;
    EXPECT_TRUE(std::holds_alternative<Deny>(core.on(Granted{strict}).at(0)));
}

TEST(SessionCoreRestored, EndsWithItsLineOrByAnAdministrator) {
    const auto r = rules();
    for (const SessionEvent& event : {SessionEvent{LineClosed{}}, SessionEvent{Revoked{}}}) {
        auto core = restored(r);
        EXPECT_EQ(ended_with(core.on(event)), Reason::session_ended);
    }
}

TEST(SessionCoreRestored, IsRefusedByRulesThatHaveChanged) {
    auto r = rules();
    r.uids = {kUid + 1};
    const auto other_user = SessionCore::restored(r, false, caller());
    ASSERT_FALSE(other_user);
    EXPECT_EQ(other_user.error().reason, Reason::caller_not_allowed);
    r = rules();
    r.require_enforcement = true;
    const auto enforced = SessionCore::restored(r, false, caller());
    ASSERT_FALSE(enforced);
    EXPECT_EQ(enforced.error().reason, Reason::enforcement_unavailable);
}

TEST(SessionCore, ALiveSessionServesWhatItsLineAsks) {
    const auto r = rules();
    auto core = in_state(r, SessionState::live);
    const auto actions = core.on(Wanted{});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Serve>(actions[0]));
    EXPECT_EQ(core.state(), SessionState::live);
}

}  // namespace
}  // namespace ct::secretd
