// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/core.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attest/judge/encoding.h"
#include "attest/protocol/messages.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "daemons/gate/scrutiny.h"

namespace ct::gate {
namespace {

// A refused proof may be followed by one more message, to be told that its challenge is spent. Not by a conversation.
constexpr unsigned kMostAnswers = 2;

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};

// OpenBao keeps a token's display name in its audit log; the workload is in the role, the node is what one looks for.
std::string display_name(const judge::Case& facts) {
    return "cloudtaser-" + (facts.node ? facts.node->name : "unknown");
}

// How a connection broke that the node should hear by its name; all else is a violation of the protocol.
bool said_as_it_is(Reason reason) { return reason == Reason::too_large || reason == Reason::quota_exceeded; }

}  // namespace

std::string_view to_string(State state) {
    switch (state) {
        case State::handshake:
            return "handshake";
        case State::hello:
            return "hello";
        case State::opening:
            return "opening";
        case State::proof:
            return "proof";
        case State::judging:
            return "judging";
        case State::mint:
            return "mint";
        case State::record:
            return "record";
        case State::answered:
            return "answered";
        case State::closed:
            return "closed";
    }
    return "closed";
}

bool Exchange::wants_message() const {
    // After an answer only a node that had a challenge has anything to be told.
    return state_ == State::hello || state_ == State::proof ||
           (state_ == State::answered && facts_.challenged && answers_ < kMostAnswers);
}

std::vector<Action> Exchange::on(Event event, const Moment& moment) {
    if (state_ == State::closed) return {};
    return std::visit(
        Overloaded{
            [&](event::Connected& e) { return state_ == State::handshake ? connected(e, moment) : close(); },
            [&](event::Received& e) { return received(e, moment); },
            [&](event::Broken& e) -> Actions {
                if (state_ == State::handshake || state_ == State::answered) return close();
                if (state_ == State::record || state_ == State::judging) {
                    peer_gone_ = true;
                    return {};
                }
                return fault(said_as_it_is(e.error.reason) ? e.error.reason : Reason::protocol_violation,
                             e.error.context, moment);
            },
            [&](event::DeadlinePassed) -> Actions {
                switch (state_) {
                    case State::hello:
                        return fault(Reason::timed_out, "no hello came", moment);
                    case State::proof:
                        return fault(Reason::challenge_expired, "no proof came", moment);
                    case State::opening:
                    case State::judging:
                        return judge_failed({Reason::timed_out, "no answer in time", 0}, moment);
                    case State::mint:
                        return fault(Reason::timed_out, "OpenBao did not answer in time", moment);
                    default:
                        return close();
                }
            },
            [&](event::PeerClosed) -> Actions {
                peer_gone_ = true;
                // A token may exist already: that the verdict was affirming must not go unrecorded.
                if (state_ == State::mint) return fault(Reason::cancelled, "the node closed the connection", moment);
                return state_ == State::record || state_ == State::judging ? Actions{} : close();
            },
            [&](event::Opened& e) -> Actions { return answers_us(e.question) ? opened(e, moment) : Actions{}; },
            [&](event::Judged& e) -> Actions { return answers_us(e.question) ? judged(e, moment) : Actions{}; },
            [&](event::JudgeFailed& e) -> Actions {
                return answers_us(e.question) ? judge_failed(e.error, moment) : Actions{};
            },
            [&](event::Minted& e) { return state_ == State::mint ? minted(e, moment) : Actions{}; },
            [&](event::MintFailed& e) -> Actions {
                return state_ == State::mint ? refuse(e.error.reason, e.error.context) : Actions{};
            },
            [&](event::Stored) { return state_ == State::record ? answer(true) : Actions{}; },
            [&](event::StoreFailed& e) -> Actions {
                if (state_ != State::record) return {};
                if (verdict_.released) {
                    verdict_.released = false;
                    verdict_.reason = Reason::audit_unavailable;
                    verdict_.detail = e.error.context;
                }
                return answer(false);
            },
        },
        event);
}

Exchange::Actions Exchange::connected(event::Connected& event, const Moment& moment) {
    facts_.seed = event.seed;
    facts_.node_spki = event.node_spki;
    facts_.gate_spki = event.gate_spki;
    facts_.not_before = event.not_before;
    facts_.not_after = event.not_after;
    facts_.exporter = event.exporter;
    facts_.node = moment.rules->nodes.find(event.node_spki);
    facts_.at = moment.now;
    challenge_ = event.challenge;
    // A stranger is told so before a byte of it is read; there is nothing of its own to be judged.
    if (!judge::check_peer(moment.rules->policy, facts_).empty()) {
        judged_by_ = moment.rules;
        return conclude(judge::appraise(moment.rules->policy, facts_));
    }
    state_ = State::hello;
    return {action::SetDeadline{limits::kGateHandshake}};
}

Exchange::Actions Exchange::received(const event::Received& event, const Moment& moment) {
    // The daemon does not read then; whoever gets here must not have a token that nobody recorded.
    if (state_ == State::mint || state_ == State::opening || state_ == State::judging)
        return fault(Reason::protocol_violation, "a message before the answer", moment);
    if (!wants_message()) return close();
    auto message = attest::decode(event.message);
    facts_.proof_seen = event.seen_before;
    if (state_ == State::answered) {
        if (!message || !std::holds_alternative<attest::Proof>(*message)) return close();
        return take_proof(std::get<attest::Proof>(std::move(*message)), moment);
    }
    if (!message) return fault(message.error().reason, message.error().context, moment);
    if (auto* hello = std::get_if<attest::Hello>(&*message); hello != nullptr && state_ == State::hello)
        return take_hello(std::move(*hello), moment);
    if (auto* proof = std::get_if<attest::Proof>(&*message)) {
        if (state_ == State::proof) return take_proof(std::move(*proof), moment);
        return fault(Reason::challenge_unknown, "a proof came before any challenge", moment);
    }
    return fault(Reason::protocol_violation, "a message that does not belong here", moment);
}

Exchange::Actions Exchange::take_hello(attest::Hello hello, const Moment& moment) {
    facts_.hello = std::move(hello);
    return ask(judge::Question::About::hello, moment);
}

Exchange::Actions Exchange::ask(judge::Question::About about, const Moment& moment) {
    facts_.node = moment.rules->nodes.find(facts_.node_spki);
    facts_.at = moment.now;
    judged_by_ = moment.rules;
    state_ = about == judge::Question::About::hello ? State::opening : State::judging;
    return {action::SetDeadline{kJudgeDeadline}, action::Ask{{++question_, about, facts_}, judged_by_}};
}

Exchange::Actions Exchange::ask_again(const Moment& moment) {
    return ask(state_ == State::opening ? judge::Question::About::hello : judge::Question::About::proof, moment);
}

bool Exchange::answers_us(std::uint64_t question) const {
    return (state_ == State::opening || state_ == State::judging) && question == question_;
}

Exchange::Actions Exchange::opened(event::Opened& event, const Moment& moment) {
    // The rules have changed meanwhile: what was asked for may not be what is wanted now.
    if (moment.rules != judged_by_) return ask_again(moment);
    if (state_ == State::judging)
        return distrust(event.judge, {Reason::judge_unavailable, "a proof was answered by a challenge", 0}, moment);
    if (const auto fits = scrutinise(event.opening, judged_by_->policy, facts_); !fits)
        return distrust(event.judge, fits.error(), moment);
    attest::Challenge challenge{challenge_, moment.rules->policy.epoch(), std::move(event.opening.requests)};
    auto message = attest::encode(challenge);
    facts_.at = moment.now;
    facts_.challenged = judge::Challenged{std::move(challenge), moment.now, std::move(event.opening.kept), false};
    state_ = State::proof;
    return {action::Send{std::move(message)}, action::SetDeadline{limits::kChallengeLife}};
}

Exchange::Actions Exchange::take_proof(attest::Proof proof, const Moment& moment) {
    facts_.proof = std::move(proof);
    return ask(judge::Question::About::proof, moment);
}

Exchange::Actions Exchange::fault(Reason reason, const std::string& detail, const Moment& moment) {
    facts_.fault = attest::Finding{reason, judge::printable(detail)};
    return ask(judge::Question::About::proof, moment);
}

Exchange::Actions Exchange::judged(event::Judged& event, const Moment& moment) {
    // Also exchanges in flight are judged by what is in force.
    if (moment.rules != judged_by_) return ask_again(moment);
    if (const auto fits = scrutinise(event.decision, judged_by_->policy, facts_); !fits)
        return distrust(event.judge, fits.error(), moment);
    if (event.decision.granted() && peer_gone_)
        return fault(Reason::cancelled, "the node closed the connection", moment);
    return conclude(std::move(event.decision));
}

Exchange::Actions Exchange::distrust(std::uint64_t judge, const Error& error, const Moment& moment) {
    Actions out{action::EndJudge{judge, error.context}};
    std::ranges::move(judge_failed(error, moment), std::back_inserter(out));
    return out;
}

Exchange::Actions Exchange::judge_failed(const Error& error, const Moment& moment) {
    // Judges end with their rules (judge_pool.h), whatever they are at.
    if (moment.rules != judged_by_) return ask_again(moment);
    facts_.fault = attest::Finding{Reason::judge_unavailable, judge::printable(error.context)};
    facts_.at = moment.now;
    judged_by_ = moment.rules;
    return conclude(judge::appraise(moment.rules->policy, facts_));
}

Exchange::Actions Exchange::conclude(judge::Decision decision) {
    decision_ = std::move(decision);
    token_ = {};
    verdict_ = {};
    verdict_.workload = decision_.workload;
    verdict_.node = decision_.node;
    verdict_.kinds = decision_.kinds;
    verdict_.record = judge::record_id(facts_);
    verdict_.policy_epoch = decision_.policy_epoch;
    verdict_.policy_hash = decision_.policy_hash;
    verdict_.lifetime = decision_.terms.lifetime;
    if (!decision_.granted()) return refuse(decision_.findings.front().reason, decision_.findings.front().detail);
    state_ = State::mint;
    token_asked_ = true;
    return {action::SetDeadline{kMintDeadline},
            action::Mint{decision_.mint,
                         display_name(facts_),
                         {{"node", decision_.node}, {"workload", decision_.workload}, {"record", verdict_.record}},
                         facts_.hello->sealing_key,
                         judge::case_binding(facts_)}};
}

Exchange::Actions Exchange::minted(event::Minted& event, const Moment& moment) {
    verdict_.accessor = event.accessor;
    // What was affirmed by rules that no longer hold is not released by them, nor by others.
    if (moment.rules != judged_by_)
        return refuse(Reason::policy_epoch_stale, "the rules changed while the token was made: ask again");
    if (event.creation_path != decision_.mint.creation_path())
        return refuse(Reason::wrapping_path_mismatch,
                      "OpenBao wrapped something else than " + decision_.mint.creation_path());
    verdict_.released = true;
    token_ = std::move(event);
    return store();
}

Exchange::Actions Exchange::refuse(Reason reason, std::string detail) {
    verdict_.reason = reason;
    verdict_.detail = std::move(detail);
    return store();
}

Exchange::Actions Exchange::store() {
    const judge::Record record{verdict_.record,
                               facts_,
                               judged_by_->policy.files(),
                               judge::makers_of(judged_by_->policy, decision_),
                               judge::encode(decision_),
                               {verdict_.released, verdict_.reason, verdict_.accessor}};
    auto bytes = judge::encode(record);
    verdict_.record_sha256 = hex_encode(crypto::sha256(bytes));
    state_ = State::record;
    return {action::SetDeadline{limits::kGateReply},
            action::Store{verdict_, std::move(bytes), facts_.node_spki, !facts_.node, token_asked_}};
}

Exchange::Actions Exchange::answer(bool stored) {
    if (!stored) {
        verdict_.record.clear();
        verdict_.record_sha256.clear();
    }
    // The challenge is spent whatever the verdict was.
    if (facts_.challenged) facts_.challenged->spent = true;
    ++answers_;
    Actions out;
    if (peer_gone_) {
        token_ = {};
        state_ = State::closed;
        return {action::Announce{verdict_, decision_, facts_.node_spki}, action::Close{}};
    }
    if (verdict_.released)
        out.emplace_back(
            action::Send{attest::encode(attest::Release{std::move(token_.sealed_token), decision_.mint.creation_path(),
                                                        decision_.kinds, verdict_.record, decision_.terms})});
    else
        out.emplace_back(action::Send{attest::encode(
            attest::Refusal{std::string(ct::to_string(verdict_.reason)), verdict_.detail, verdict_.record})});
    token_ = {};
    out.emplace_back(action::Announce{verdict_, decision_, facts_.node_spki});
    state_ = State::answered;
    // After a fault there is nothing sensible to read any more.
    if (facts_.fault) answers_ = kMostAnswers;
    if (!wants_message()) {
        facts_.hello.reset();
        facts_.proof.reset();
        out.emplace_back(action::Drain{});
    }
    out.emplace_back(action::SetDeadline{kLinger});
    return out;
}

Exchange::Actions Exchange::close() {
    state_ = State::closed;
    return {action::Close{}};
}

}  // namespace ct::gate
