// SPDX-License-Identifier: Apache-2.0
// The life of one session, as a pure function: (state, event) -> (state, actions). Nothing here waits, reads a clock or
// touches a secret; docs/release-protocol.md draws the same states. Every state has an answer to every event.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attest/protocol/messages.h"
#include "base/result.h"
#include "daemons/secretd/workloads.h"

namespace ct::secretd {

enum class SessionState : std::uint8_t {
    open,     // the kernel is being asked who calls
    protect,  // the process is being labelled for enforcement
    attest,   // waiting for a grant: an attested, live right to read this workload's secrets
    fetch,    // secrets are on their way into secret memory
    live,     // delivered; the line is open
    dormant,  // outlived a restart of secretd: the line is open, its secrets are gone and are read anew when it asks
    ended,    // wiped
};
std::string_view to_string(SessionState state);

// What happened. Each step reports with its own event or with Failed.
struct Identified {
    attest::Identity identity;
};
struct Protected {
    bool armed;  // enforcement holds this process
};
struct Granted {
    attest::Terms terms;
};
struct Fetched {};
struct Wanted {};  // the line asks for secrets
struct Failed {
    Error error;
};
struct TimedOut {};
struct LineClosed {};  // the lease is gone: the launcher, or the last process of its tree
struct Revoked {};     // by an administrator
struct GrantLost {     // re-attestation was refused, or the grant's life is over
    Error error;
};
using SessionEvent =
    std::variant<Identified, Protected, Granted, Fetched, Wanted, Failed, TimedOut, LineClosed, Revoked, GrantLost>;

// What to do next.
struct Identify {};
struct Protect {};
struct AcquireGrant {
    attest::Identity identity;
};
struct Fetch {};
struct Answer {};  // the launcher gets its line
struct Serve {};   // what the line asked for can be given
struct Refuse {    // the launcher gets an error; the session is wiped
    Error error;
};
struct Deny {  // what the line asked for is answered with an error; the session sleeps on, and may ask again
    Error error;
};
struct End {  // wiped without an answer: it was given already, or nobody listens
    Error why;
};
using SessionAction = std::variant<Identify, Protect, AcquireGrant, Fetch, Answer, Serve, Refuse, Deny, End>;

class SessionCore {
public:
    // `rules` must outlive the session. `degraded_memory`: this host has no memfd_secret.
    SessionCore(const WorkloadRules& rules, bool degraded_memory) : rules_(&rules), degraded_memory_(degraded_memory) {}

    // A session that outlived the secretd that opened it: dormant. Its identity is what the kernel said then.
    static Result<SessionCore> restored(const WorkloadRules& rules, bool degraded_memory, attest::Identity identity);

    // The first actions; call once, and not for one restored.
    std::vector<SessionAction> start();
    std::vector<SessionAction> on(const SessionEvent& event);

    [[nodiscard]] SessionState state() const { return state_; }
    [[nodiscard]] const attest::Identity& identity() const { return identity_; }
    [[nodiscard]] bool enforced() const { return enforced_; }

private:
    std::vector<SessionAction> expected(const SessionEvent& event);
    std::vector<SessionAction> to(SessionState next, SessionAction action);
    std::vector<SessionAction> refuse(Error error);
    std::vector<SessionAction> close(Error error);
    std::vector<SessionAction> end(Error why);

    const WorkloadRules* rules_;
    bool degraded_memory_;
    SessionState state_ = SessionState::open;
    bool answered_ = false;  // the launcher has its line
    attest::Identity identity_;
    bool enforced_ = false;
};

}  // namespace ct::secretd
