// SPDX-License-Identifier: Apache-2.0
// How a grant is won from the gate, as a pure function: (state, event) -> (state, actions). A grant is the attested right
// of one (workload, identity) on this host to read from OpenBao: an unwrapped token with an end. Sessions that start
// while it lives need no second attestation.
#pragma once

#include <chrono>
#include <string_view>
#include <variant>
#include <vector>

#include "attest/protocol/messages.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::secretd {

enum class GrantState : std::uint8_t {
    introduce,  // attestd says what this machine can prove
    connect,    // bridge connects, TLS 1.3 with the pinned gate
    challenge,  // hello sent; the gate answers with a challenge
    prove,      // attestd makes evidence over the binding value
    judge,      // proof sent; the gate verifies
    unwrap,     // the sealed token is opened, checked and unwrapped at OpenBao
    granted,    // sessions may fetch
    ended,      // token wiped
};
std::string_view to_string(GrantState state);

struct Introduced {
    std::vector<attest::KindBlob> introductions;
};
struct Connected {};
struct Challenged {
    attest::Challenge challenge;
};
struct Collected {
    attest::Proof proof;
};
struct Released {
    attest::Release release;
};
struct RefusedByGate {
    attest::Refusal refusal;
};
struct Unwrapped {
    Seconds token_life;
};
struct StepFailed {
    Error error;
};
struct StepTimedOut {};
struct LifeOver {};   // the timer set by Announce
struct Abandoned {};  // nobody waits for it or lives by it any more, or it was revoked
using GrantEvent = std::variant<Introduced, Connected, Challenged, Collected, Released, RefusedByGate, Unwrapped,
                                StepFailed, StepTimedOut, LifeOver, Abandoned>;

struct Introduce {};
struct Connect {};
struct SendHello {
    std::vector<attest::KindBlob> introductions;
};
struct Collect {
    attest::Challenge challenge;
};
struct SendProof {
    attest::Proof proof;
};
struct Unwrap {
    attest::Release release;
};
struct Announce {  // tell the waiting sessions; the token ends after `life`
    attest::Terms terms;
    Seconds life;
};
struct Withdraw {  // tell waiting and live sessions; wipe the token
    Error error;
};
using GrantAction = std::variant<Introduce, Connect, SendHello, Collect, SendProof, Unwrap, Announce, Withdraw>;

class GrantCore {
public:
    std::vector<GrantAction> start();
    std::vector<GrantAction> on(const GrantEvent& event);
    [[nodiscard]] GrantState state() const { return state_; }
    [[nodiscard]] const attest::Terms& terms() const { return terms_; }
    [[nodiscard]] const std::string& evidence_kind() const { return evidence_kind_; }
    [[nodiscard]] const std::string& record() const { return record_; }

private:
    std::vector<GrantAction> expected(const GrantEvent& event);
    std::vector<GrantAction> to(GrantState next, GrantAction action);
    std::vector<GrantAction> withdraw(Error error);

    GrantState state_ = GrantState::introduce;
    std::vector<attest::KindBlob> introductions_;
    attest::Terms terms_;
    std::string evidence_kind_;
    std::string record_;
};

}  // namespace ct::secretd
