// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/grant_core.h"

#include <gtest/gtest.h>

namespace ct::secretd {
namespace {

attest::Challenge challenge() { return {{}, 7, {{"kind-a", {1}}}}; }

attest::Release release() {
    return {{1, 2, 3}, "auth/token/create/wl", "kind-a", "rec-1", {Seconds{300}, "AB", false, false}};
}

constexpr GrantState kPath[] = {GrantState::introduce, GrantState::connect, GrantState::challenge, GrantState::prove,
                                GrantState::judge,     GrantState::unwrap,  GrantState::granted};

GrantEvent step_from(GrantState state) {
    switch (state) {
        case GrantState::introduce:
            return Introduced{{{"kind-a", {9}}}};
        case GrantState::connect:
            return Connected{};
        case GrantState::challenge:
            return Challenged{challenge()};
        case GrantState::prove:
            return Collected{{{{"kind-a", {5}}}}};
        case GrantState::judge:
            return Released{release()};
        case GrantState::unwrap:
            return Unwrapped{Seconds{120}};
        default:
            return LifeOver{};
    }
}

GrantCore in_state(GrantState state) {
    GrantCore core;
    (void)core.start();
    for (const auto at : kPath) {
        if (core.state() == state) break;
        (void)core.on(step_from(at));
    }
    EXPECT_EQ(core.state(), state);
    return core;
}

Reason withdrawn_with(const std::vector<GrantAction>& actions) {
    EXPECT_EQ(actions.size(), 1U);
    const auto* withdraw = std::get_if<Withdraw>(&actions.at(0));
    EXPECT_NE(withdraw, nullptr);
    return withdraw != nullptr ? withdraw->error.reason : Reason::internal;
}

TEST(GrantCore, WalksTheReleaseProtocolInOrder) {
    GrantCore core;
    EXPECT_TRUE(std::holds_alternative<Introduce>(core.start().at(0)));
    EXPECT_TRUE(std::holds_alternative<Connect>(core.on(step_from(GrantState::introduce)).at(0)));
    const auto hello = core.on(Connected{});
    ASSERT_TRUE(std::holds_alternative<SendHello>(hello.at(0)));
    EXPECT_EQ(std::get<SendHello>(hello[0]).introductions.at(0).kind, "kind-a");
    const auto collect = core.on(Challenged{challenge()});
    ASSERT_TRUE(std::holds_alternative<Collect>(collect.at(0)));
    EXPECT_EQ(std::get<Collect>(collect[0]).challenge, challenge());
    EXPECT_TRUE(std::holds_alternative<SendProof>(core.on(step_from(GrantState::prove)).at(0)));
    EXPECT_TRUE(std::holds_alternative<Unwrap>(core.on(Released{release()}).at(0)));
    const auto announce = core.on(Unwrapped{Seconds{120}});
    ASSERT_TRUE(std::holds_alternative<Announce>(announce.at(0)));
    EXPECT_EQ(std::get<Announce>(announce[0]).life, Seconds{120});
    EXPECT_EQ(core.state(), GrantState::granted);
    EXPECT_EQ(core.evidence_kind(), "kind-a");
    EXPECT_EQ(core.record(), "rec-1");
}

TEST(GrantCore, LivesNoLongerThanTokenOrAttestation) {
    auto core = in_state(GrantState::unwrap);
    const auto actions = core.on(Unwrapped{Seconds{9999}});
    EXPECT_EQ(std::get<Announce>(actions.at(0)).life, Seconds{300});
}

TEST(GrantCore, EveryFailureInEveryStateWithdrawsWithItsReason) {
    for (std::uint16_t i = 0; i <= static_cast<std::uint16_t>(Reason::memlock_limit); ++i) {
        const auto reason = static_cast<Reason>(i);
        for (const auto state : kPath) {
            auto core = in_state(state);
            EXPECT_EQ(withdrawn_with(core.on(StepFailed{Error{reason, "x"}})), reason) << to_string(state);
            EXPECT_EQ(core.state(), GrantState::ended);
        }
    }
}

TEST(GrantCore, ATimeoutInAnyStepWithdraws) {
    for (const auto state : kPath) {
        auto core = in_state(state);
        if (state == GrantState::granted)
            EXPECT_TRUE(core.on(StepTimedOut{}).empty());
        else
            EXPECT_EQ(withdrawn_with(core.on(StepTimedOut{})), Reason::timed_out);
    }
}

TEST(GrantCore, AbandoningWithdrawsInEveryState) {
    for (const auto state : kPath) {
        auto core = in_state(state);
        EXPECT_EQ(withdrawn_with(core.on(Abandoned{})), Reason::cancelled);
    }
}

TEST(GrantCore, TheGatesReasonIsPassedOn) {
    for (const auto state : {GrantState::challenge, GrantState::judge}) {
        auto core = in_state(state);
        EXPECT_EQ(withdrawn_with(core.on(RefusedByGate{{"evidence_replayed", "seen before", "r"}})),
                  Reason::evidence_replayed);
        auto unknown = in_state(state);
        EXPECT_EQ(withdrawn_with(unknown.on(RefusedByGate{{"word_of_tomorrow", "", "r"}})), Reason::policy_denied);
    }
}

TEST(GrantCore, ARefusalOutOfTurnIsAFault) {
    for (const auto state :
         {GrantState::introduce, GrantState::connect, GrantState::prove, GrantState::unwrap, GrantState::granted}) {
        auto core = in_state(state);
        EXPECT_EQ(withdrawn_with(core.on(RefusedByGate{{"policy_denied", "", ""}})), Reason::internal);
    }
}

TEST(GrantCore, StepsOutOfTurnAreFaults) {
    for (const auto state : kPath)
        for (const auto other : kPath) {
            if (other == state) continue;
            auto core = in_state(state);
            EXPECT_EQ(withdrawn_with(core.on(step_from(other))), Reason::internal)
                << to_string(state) << " x " << to_string(other);
        }
}

TEST(GrantCore, AMachineWithoutDevicesIsRefusedBeforeItConnects) {
    auto core = in_state(GrantState::introduce);
    EXPECT_EQ(withdrawn_with(core.on(Introduced{{}})), Reason::evidence_device_absent);
}

TEST(GrantCore, ChallengesThatAskForNothingOrForUnknownKindsAreRefused) {
    auto nothing = in_state(GrantState::challenge);
    EXPECT_EQ(withdrawn_with(nothing.on(Challenged{{{}, 1, {}}})), Reason::protocol_violation);
    auto unknown = in_state(GrantState::challenge);
    EXPECT_EQ(withdrawn_with(unknown.on(Challenged{{{}, 1, {{"kind-b", {}}}}})), Reason::evidence_kind_not_allowed);
}

TEST(GrantCore, ReleasesWithoutLifeOrPathAreRefused) {
    auto dead = release();
    dead.terms.lifetime = Seconds{0};
    auto core = in_state(GrantState::judge);
    EXPECT_EQ(withdrawn_with(core.on(Released{dead})), Reason::protocol_violation);
    auto pathless = release();
    pathless.creation_path.clear();
    auto other = in_state(GrantState::judge);
    EXPECT_EQ(withdrawn_with(other.on(Released{pathless})), Reason::protocol_violation);
    auto spent = in_state(GrantState::unwrap);
    EXPECT_EQ(withdrawn_with(spent.on(Unwrapped{Seconds{0}})), Reason::vault_token_invalid);
}

TEST(GrantCore, NothingWakesAnEndedGrant) {
    for (const auto at : kPath) {
        auto core = in_state(GrantState::connect);
        (void)core.on(Abandoned{});
        EXPECT_TRUE(core.on(step_from(at)).empty());
    }
}

}  // namespace
}  // namespace ct::secretd
