// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/session_core.h"

#include <utility>

namespace ct::secretd {
namespace {

std::vector<SessionAction> one(SessionAction action) {
    std::vector<SessionAction> actions;
    actions.push_back(std::move(action));
    return actions;
}

}  // namespace

std::string_view to_string(SessionState state) {
    switch (state) {
        case SessionState::open:
            return "open";
        case SessionState::protect:
            return "protect";
        case SessionState::attest:
            return "attest";
        case SessionState::fetch:
            return "fetch";
        case SessionState::live:
            return "live";
        case SessionState::dormant:
            return "dormant";
        case SessionState::ended:
            return "ended";
    }
    return "ended";
}

std::vector<SessionAction> SessionCore::to(SessionState next, SessionAction action) {
    state_ = next;
    return one(std::move(action));
}

std::vector<SessionAction> SessionCore::refuse(Error error) {
    return to(SessionState::ended, Refuse{std::move(error)});
}

// A failure: before its answer the launcher is told; a live session ends; one that wakes sleeps on.
std::vector<SessionAction> SessionCore::close(Error error) {
    if (!answered_) return refuse(std::move(error));
    if (state_ == SessionState::live) return end(std::move(error));
    return to(SessionState::dormant, Deny{std::move(error)});
}

std::vector<SessionAction> SessionCore::end(Error why) { return to(SessionState::ended, End{std::move(why)}); }

Result<SessionCore> SessionCore::restored(const WorkloadRules& rules, bool degraded_memory, attest::Identity identity) {
    CT_CHECK(rules.allows(identity));  // as they are now
    if (rules.require_enforcement)
        return fail(Reason::enforcement_unavailable, "a session that must be enforced does not outlive a restart");
    SessionCore core(rules, degraded_memory);
    core.state_ = SessionState::dormant;
    core.answered_ = true;
    core.identity_ = std::move(identity);
    return core;
}

std::vector<SessionAction> SessionCore::start() { return one(Identify{}); }

std::vector<SessionAction> SessionCore::on(const SessionEvent& event) {
    if (state_ == SessionState::ended) return {};  // late answers of steps that were overtaken

    // Endings that any state can meet.
    if (std::holds_alternative<LineClosed>(event)) return end(Error{Reason::session_ended, "the line was closed"});
    if (std::holds_alternative<Revoked>(event)) {
        Error revoked{Reason::session_ended, "revoked by an administrator"};
        return answered_ ? end(std::move(revoked)) : refuse(std::move(revoked));
    }
    if (const auto* lost = std::get_if<GrantLost>(&event)) return close(lost->error);
    if (const auto* failed = std::get_if<Failed>(&event)) return close(failed->error);
    if (std::holds_alternative<TimedOut>(event)) {
        // The release deadline bounds a release, not a session's life.
        if (state_ == SessionState::live || state_ == SessionState::dormant) return {};
        return close(
            Error{Reason::timed_out, "no release within the time limit, in state " + std::string(to_string(state_))});
    }
    return expected(event);
}

// The one event that each state waits for; any other is a fault of ours and ends the session closed.
std::vector<SessionAction> SessionCore::expected(const SessionEvent& event) {
    switch (state_) {
        case SessionState::open:
            if (const auto* known = std::get_if<Identified>(&event)) {
                identity_ = known->identity;
                if (auto allowed = rules_->allows(identity_); !allowed) return refuse(std::move(allowed).error());
                return to(SessionState::protect, Protect{});
            }
            break;
        case SessionState::protect:
            if (const auto* label = std::get_if<Protected>(&event)) {
                enforced_ = label->armed;
                if (rules_->require_enforcement && !enforced_)
                    return refuse(Error{Reason::enforcement_unavailable,
                                        "this workload's node configuration requires enforcement"});
                return to(SessionState::attest, AcquireGrant{identity_});
            }
            break;
        case SessionState::attest:
            if (const auto* grant = std::get_if<Granted>(&event)) {
                if (grant->terms.require_enforcement && !enforced_)
                    return close(Error{Reason::enforcement_unavailable, "the gate's policy requires enforcement"});
                if (degraded_memory_ && !grant->terms.allow_degraded_memory)
                    return close(
                        Error{Reason::secret_memory_unavailable,
                              "this kernel gives no memfd_secret (before Linux 6.5 boot with secretmem.enable=1) "
                              "and the gate's policy does not allow locked memory instead"});
                return to(SessionState::fetch, Fetch{});
            }
            break;
        case SessionState::fetch:
            if (std::holds_alternative<Fetched>(event)) {
                if (std::exchange(answered_, true)) return to(SessionState::live, Serve{});
                return to(SessionState::live, Answer{});
            }
            break;
        case SessionState::live:
            // A renewed grant brings no new right; it only keeps the session.
            if (std::holds_alternative<Granted>(event)) return {};
            if (std::holds_alternative<Wanted>(event)) return one(Serve{});
            break;
        case SessionState::dormant:
            if (std::holds_alternative<Wanted>(event)) return to(SessionState::attest, AcquireGrant{identity_});
            // The last word of a wake that failed: it was on its way beside the failure.
            if (std::holds_alternative<Granted>(event) || std::holds_alternative<Fetched>(event)) return {};
            break;
        case SessionState::ended:
            return {};
    }
    // Served with the others when the reads are done.
    if (answered_ && std::holds_alternative<Wanted>(event)) return {};
    const Error fault{Reason::internal, "unexpected event in state " + std::string(to_string(state_))};
    return answered_ ? end(fault) : refuse(fault);
}

}  // namespace ct::secretd
