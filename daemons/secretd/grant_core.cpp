// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/grant_core.h"

#include <algorithm>

namespace ct::secretd {

std::string_view to_string(GrantState state) {
    switch (state) {
        case GrantState::introduce:
            return "introduce";
        case GrantState::connect:
            return "connect";
        case GrantState::challenge:
            return "challenge";
        case GrantState::prove:
            return "prove";
        case GrantState::judge:
            return "judge";
        case GrantState::unwrap:
            return "unwrap";
        case GrantState::granted:
            return "granted";
        case GrantState::ended:
            return "ended";
    }
    return "ended";
}

std::vector<GrantAction> GrantCore::to(GrantState next, GrantAction action) {
    state_ = next;
    std::vector<GrantAction> actions;
    actions.push_back(std::move(action));
    return actions;
}

std::vector<GrantAction> GrantCore::withdraw(Error error) { return to(GrantState::ended, Withdraw{std::move(error)}); }

std::vector<GrantAction> GrantCore::start() { return to(GrantState::introduce, Introduce{}); }

std::vector<GrantAction> GrantCore::on(const GrantEvent& event) {
    if (state_ == GrantState::ended) return {};
    if (const auto* failed = std::get_if<StepFailed>(&event)) return withdraw(failed->error);
    if (std::holds_alternative<Abandoned>(event))
        return withdraw(Error{Reason::cancelled, "no session needs the grant"});
    if (std::holds_alternative<StepTimedOut>(event)) {
        if (state_ == GrantState::granted) return {};
        return withdraw(Error{Reason::timed_out, "no answer in state " + std::string(to_string(state_))});
    }
    // The gate may refuse at any point of the conversation; its reason is passed on if we know the word.
    if (const auto* refused = std::get_if<RefusedByGate>(&event);
        refused != nullptr && (state_ == GrantState::challenge || state_ == GrantState::judge)) {
        const auto reason = reason_from_string(refused->refusal.reason);
        return withdraw(
            Error{reason.value_or(Reason::policy_denied),
                  "refused by the gate (record " + refused->refusal.record + "): " + refused->refusal.detail});
    }
    return expected(event);
}

std::vector<GrantAction> GrantCore::expected(const GrantEvent& event) {
    switch (state_) {
        case GrantState::introduce:
            if (const auto* made = std::get_if<Introduced>(&event)) {
                if (made->introductions.empty())
                    return withdraw(
                        Error{Reason::evidence_device_absent, "this machine has no device that can prove what it is"});
                introductions_ = made->introductions;
                return to(GrantState::connect, Connect{});
            }
            break;
        case GrantState::connect:
            if (std::holds_alternative<Connected>(event)) return to(GrantState::challenge, SendHello{introductions_});
            break;
        case GrantState::challenge:
            if (const auto* asked = std::get_if<Challenged>(&event)) {
                if (asked->challenge.requests.empty())
                    return withdraw(Error{Reason::protocol_violation, "the gate asked for no evidence"});
                for (const auto& request : asked->challenge.requests)
                    if (std::ranges::find(introductions_, request.kind, &attest::KindBlob::kind) ==
                        introductions_.end())
                        return withdraw(Error{Reason::evidence_kind_not_allowed,
                                              "the gate asks for a kind that this machine has not"});
                return to(GrantState::prove, Collect{asked->challenge});
            }
            break;
        case GrantState::prove:
            if (const auto* made = std::get_if<Collected>(&event)) return to(GrantState::judge, SendProof{made->proof});
            break;
        case GrantState::judge:
            if (const auto* release = std::get_if<Released>(&event)) {
                const auto& terms = release->release.terms;
                if (terms.lifetime <= Seconds{0})
                    return withdraw(Error{Reason::protocol_violation, "the gate gave a release without a lifetime"});
                if (release->release.creation_path.empty())
                    return withdraw(Error{Reason::protocol_violation, "the gate named no creation path"});
                terms_ = terms;
                evidence_kind_ = release->release.evidence_kind;
                record_ = release->release.record;
                return to(GrantState::unwrap, Unwrap{release->release});
            }
            break;
        case GrantState::unwrap:
            if (const auto* token = std::get_if<Unwrapped>(&event)) {
                const Seconds life = std::min(token->token_life, terms_.lifetime);
                if (life <= Seconds{0})
                    return withdraw(Error{Reason::vault_token_invalid, "the token has no life left"});
                return to(GrantState::granted, Announce{terms_, life});
            }
            break;
        case GrantState::granted:
            if (std::holds_alternative<LifeOver>(event))
                return withdraw(Error{Reason::session_ended, "the attested grant has reached its end"});
            break;
        case GrantState::ended:
            return {};
    }
    return withdraw(Error{Reason::internal, "unexpected event in state " + std::string(to_string(state_))});
}

}  // namespace ct::secretd
