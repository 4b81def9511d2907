// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/scrutiny.h"

#include <algorithm>
#include <array>
#include <string>

#include "attest/judge/encoding.h"
#include "attest/protocol/messages.h"

namespace ct::gate {
namespace {

using attest::Finding;

std::unexpected<Error> no_judge_says(const std::string& what) {
    return fail(Reason::judge_unavailable, "an answer that no honest judge gives: " + what);
}

bool is_printable(const std::string& text) { return judge::printable(text) == text; }

// What evidence can be refused for. All other reasons are the gate's own to find, or a node's to tell, and some of them call for an
// alarm: that a proof was seen before only the gate knows.
bool is_of_evidence(Reason reason) {
    constexpr std::array kOfOthers{Reason::evidence_replayed, Reason::evidence_device_absent,
                                   Reason::evidence_device_failed};
    if (std::ranges::find(kOfOthers, reason) != kOfOthers.end()) return false;
    constexpr std::array kAnyParser{Reason::internal,         Reason::malformed,   Reason::too_large,
                                    Reason::invalid_argument, Reason::unsupported, Reason::protocol_violation};
    return to_string(reason).starts_with("evidence_") || std::ranges::find(kAnyParser, reason) != kAnyParser.end();
}

// It speaks of this case, this policy and this moment.
Status check_subject(const judge::Decision& decision, const judge::Policy& policy, const judge::Case& facts) {
    if (decision.policy_hash != policy.hash() || decision.policy_epoch != policy.epoch())
        return no_judge_says("it is by another policy");
    if (decision.at != facts.at) return no_judge_says("it is of another time");
    if (decision.node != (facts.node ? facts.node->name : "")) return no_judge_says("it is of another node");
    if (decision.workload != (facts.hello ? facts.hello->workload : ""))
        return no_judge_says("it is of another workload");
    return {};
}

// It begins with what the gate finds without evidence, and goes on with evidence.
Status check_findings(const judge::Decision& decision, const judge::Policy& policy, const judge::Case& facts) {
    const auto ours = judge::must_refuse(policy, facts);
    const auto same = [](const Finding& one, const Finding& other) {
        return one.reason == other.reason && one.detail == other.detail;
    };
    const auto& all = decision.findings;
    if (all.size() < ours.size() || !std::equal(ours.begin(), ours.end(), all.begin(), same))
        return no_judge_says("it leaves out \"" + std::string(to_string(ours.front().reason)) + "\"");
    for (auto at = all.begin() + static_cast<std::ptrdiff_t>(ours.size()); at != all.end(); ++at)
        if (!is_of_evidence(at->reason) || !is_printable(at->detail))
            return no_judge_says("it finds what is not for it to find");
    return {};
}

// The kinds that it judged are those of the workload, in its order; for a grant, all of them.
Status check_kinds(const judge::Decision& decision, const judge::Workload* workload) {
    std::string kinds;
    std::size_t judged = 0;
    if (workload != nullptr)
        for (const auto& kind : workload->evidence)
            if (decision.claims.contains(kind)) {
                kinds.append(kinds.empty() ? "" : "+").append(kind);
                ++judged;
            }
    if (decision.kinds != kinds || decision.claims.size() != judged)
        return no_judge_says("it judges kinds that were not asked for");
    if (decision.granted() && (workload == nullptr || judged != workload->evidence.size()))
        return no_judge_says("it grants without all evidence");
    for (const auto& [kind, claims] : decision.claims)
        for (const auto& [name, value] : claims)
            if (!is_printable(name) || !is_printable(value)) return no_judge_says("its claims are no text");
    return {};
}

// What it says it rests on is there, once each and in order.
Status check_collateral(const judge::Decision& decision, const judge::Policy& policy) {
    const auto& names = decision.collateral;
    const auto* makers = policy.makers();
    if (decision.collateral_hash != (names.empty() || makers == nullptr ? Sha256{} : makers->hash))
        return no_judge_says("it rests on another bundle");
    if (std::ranges::adjacent_find(names, std::ranges::greater_equal{}) != names.end() ||
        !std::ranges::all_of(names, [&](const auto& name) { return makers && makers->items.contains(name); }))
        return no_judge_says("it rests on what no bundle holds");
    std::size_t size = 0;
    for (const auto& name : names)
        size += makers->items.find(name)->second.size();
    if (size > kMostCollateral) return no_judge_says("it rests on more than a record holds");
    return {};
}

// Nobody ends a token that is on no list of leases: what it is worth, and until when, follows from when its evidence ends.
Status check_worth(const judge::Decision& decision, const judge::Workload* workload, const judge::Case& facts) {
    if (!decision.granted()) {
        const bool nothing =
            decision.expires == facts.at && decision.terms == attest::Terms{} && decision.mint == judge::MintOrder{};
        return nothing ? Status{} : no_judge_says("a refusal that is worth something");
    }
    if (workload == nullptr) return no_judge_says("it grants what nobody proved");
    if (decision.expires < facts.at + Seconds{1} || decision.expires > facts.at + workload->terms.lifetime)
        return no_judge_says("it ends at no time of the policy's");
    auto terms = workload->terms;
    terms.lifetime = std::chrono::floor<Seconds>(decision.expires - facts.at);
    const auto ttl = std::min(workload->token_ttl, terms.lifetime);
    if (decision.terms != terms) return no_judge_says("its terms are not the policy's");
    if (decision.mint != judge::MintOrder{workload->token_role, ttl, std::min(workload->wrap_ttl, ttl)})
        return no_judge_says("its token is not the policy's");
    return {};
}

// One for each kind of the workload, in its order.
Status check_requests(const std::vector<attest::KindBlob>& requests, const judge::Workload& workload) {
    if (!std::ranges::equal(requests, workload.evidence, {}, &attest::KindBlob::kind))
        return no_judge_says("it asks for kinds that the policy does not want");
    if (std::ranges::any_of(requests, [](const auto& one) { return one.body.size() > kMostRequest; }))
        return no_judge_says("it asks for more than any kind does");
    return {};
}

}  // namespace

Status scrutinise(const judge::Opening& opening, const judge::Policy& policy, const judge::Case& facts) {
    const auto* workload = facts.hello ? policy.find(facts.hello->workload) : nullptr;
    if (workload == nullptr || !opening.findings.empty() || !judge::must_refuse(policy, facts).empty())
        return no_judge_says("it lets in what must be refused");
    CT_CHECK(check_requests(opening.requests, *workload));
    CT_CHECK(check_requests(opening.kept, *workload));
    // As the node will, and the judge who gets the proof.
    if (!attest::decode(attest::encode(attest::Challenge{{}, policy.epoch(), opening.requests})))
        return no_judge_says("it makes a challenge that nobody can read");
    return {};
}

Status scrutinise(const judge::Decision& decision, const judge::Policy& policy, const judge::Case& facts) {
    const bool proof = facts.hello && facts.challenged && facts.proof;
    const auto* workload = proof ? policy.find(facts.hello->workload) : nullptr;
    CT_CHECK(check_subject(decision, policy, facts));
    CT_CHECK(check_findings(decision, policy, facts));
    CT_CHECK(check_kinds(decision, workload));
    CT_CHECK(check_collateral(decision, policy));
    return check_worth(decision, workload, facts);
}

}  // namespace ct::gate
