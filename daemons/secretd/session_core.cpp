// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/session_core.h"

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

std::vector<SessionAction> SessionCore::end(Error why) { return to(SessionState::ended, End{std::move(why)}); }

std::vector<SessionAction> SessionCore::start() { return one(Identify{}); }

std::vector<SessionAction> SessionCore::on(const SessionEvent& event) {
    if (state_ == SessionState::ended) return {};  // late answers of steps that were overtaken

    // Endings that any state can meet. Before `live` the launcher still waits for its answer.
    const bool answered = state_ == SessionState::live;
    const auto close = [&](Error error) { return answered ? end(std::move(error)) : refuse(std::move(error)); };
    if (std::holds_alternative<LineClosed>(event)) return end(Error{Reason::session_ended, "the line was closed"});
    if (std::holds_alternative<Revoked>(event))
        return close(Error{Reason::session_ended, "revoked by an administrator"});
    if (const auto* lost = std::get_if<GrantLost>(&event)) return close(lost->error);
    if (const auto* failed = std::get_if<Failed>(&event)) return close(failed->error);
    if (std::holds_alternative<TimedOut>(event)) {
        if (answered) return {};  // the release deadline does not bound a session's life
        return refuse(
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
                    return refuse(Error{Reason::enforcement_unavailable, "the gate's policy requires enforcement"});
                if (degraded_memory_ && !grant->terms.allow_degraded_memory)
                    return refuse(
                        Error{Reason::secret_memory_unavailable,
                              "this kernel gives no memfd_secret (before Linux 6.5 boot with secretmem.enable=1) "
                              "and the gate's policy does not allow locked memory instead"});
                return to(SessionState::fetch, Fetch{});
            }
            break;
        case SessionState::fetch:
            if (std::holds_alternative<Fetched>(event)) return to(SessionState::live, Answer{});
            break;
        case SessionState::live:
            // A renewed grant brings no new right; it only keeps the session.
            if (std::holds_alternative<Granted>(event)) return {};
            break;
        case SessionState::ended:
            return {};
    }
    const Error fault{Reason::internal, "unexpected event in state " + std::string(to_string(state_))};
    return state_ == SessionState::live ? end(fault) : refuse(fault);
}

}  // namespace ct::secretd
