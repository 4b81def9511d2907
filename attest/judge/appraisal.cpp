// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/appraisal.h"

#include <algorithm>

#include "attest/judge/encoding.h"
#include "attest/protocol/binding.h"
#include "attest/verify/scope.h"
#include "base/limits.h"
#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::judge {
namespace {

using attest::Finding;
using attest::KindBlob;

using Findings = std::vector<Finding>;

const KindBlob* find_kind(const std::vector<KindBlob>& blobs, std::string_view kind) {
    const auto at = std::ranges::find(blobs, kind, &KindBlob::kind);
    return at == blobs.end() ? nullptr : &*at;
}

std::string words(const std::vector<KindBlob>& blobs) {
    std::string out;
    for (const auto& blob : blobs)
        out.append(out.empty() ? "" : ", ").append(blob.kind);
    return out.empty() ? "none" : out;
}

void check_duplicates(const std::vector<KindBlob>& blobs, std::string_view where, Findings& findings) {
    for (auto at = blobs.begin(); at != blobs.end(); ++at)
        if (std::any_of(blobs.begin(), at, [&](const KindBlob& before) { return before.kind == at->kind; }))
            findings.push_back({Reason::protocol_violation, std::string(where) + " holds " + at->kind + " twice"});
}

// Who is at the other end of the TLS connection.
void check_node(const Case& facts, Findings& findings) {
    if (crypto::equal_constant_time(facts.node_spki, facts.gate_spki))
        findings.push_back({Reason::tls_peer_pin_mismatch, "the peer shows the gate's own key"});
    if (!facts.node)
        findings.push_back({Reason::node_unknown, "no enrolled node has the key " + hex_encode(facts.node_spki)});
    else if (facts.node->revoked)
        findings.push_back({Reason::node_revoked, "node " + facts.node->name + " is revoked"});
    if (facts.at < facts.not_before || facts.at > facts.not_after)
        findings.push_back(
            {Reason::tls_certificate_expired, facts.at > facts.not_after
                                                  ? "the node's certificate has expired: renew it with the same key"
                                                  : "the node's certificate is not valid yet: check both clocks"});
}

bool matches(const NodeRule& rule, const Case& facts) {
    if (rule.name.empty()) return crypto::equal_constant_time(rule.spki, facts.node_spki);
    return facts.node && rule.name == facts.node->name;
}

// Who asks on the node, for what.
void check_caller(const Workload& workload, const Case& facts, Findings& findings) {
    const auto& identity = facts.hello->identity;
    if (!workload.nodes.empty() &&
        std::ranges::none_of(workload.nodes, [&](const NodeRule& rule) { return matches(rule, facts); }))
        findings.push_back({Reason::policy_denied, "workload " + workload.name + " is not for node " +
                                                       (facts.node ? facts.node->name : hex_encode(facts.node_spki))});
    if (!workload.uids.empty() && std::ranges::find(workload.uids, identity.uid) == workload.uids.end())
        findings.push_back({Reason::caller_not_allowed, "uid " + std::to_string(identity.uid) + " is not in uids"});
    if (!workload.units.empty() && std::ranges::find(workload.units, identity.unit) == workload.units.end())
        findings.push_back({Reason::caller_not_allowed,
                            identity.unit.empty() ? "the caller runs in no unit" : identity.unit + " is not in units"});
    if (workload.executables.empty()) return;
    if (!identity.executable)
        findings.push_back({Reason::executable_not_allowed, "the node could not read the caller's executable"});
    else if (std::ranges::find(workload.executables, *identity.executable) == workload.executables.end())
        findings.push_back({Reason::executable_not_allowed,
                            "executable " + hex_encode(*identity.executable) + " is not in executables"});
}

// The workload's policy, or nullptr with a finding.
const Workload* check_hello(const Policy& policy, const Case& facts, Findings& findings) {
    const auto& hello = *facts.hello;
    if (hello.version != attest::kProtocolVersion)
        findings.push_back({Reason::protocol_version, "the node speaks version " + std::to_string(hello.version) +
                                                          ", this gate version " +
                                                          std::to_string(attest::kProtocolVersion)});
    check_duplicates(hello.introductions, "the hello", findings);
    const auto* workload = policy.find(hello.workload);
    if (workload == nullptr) {
        findings.push_back({Reason::workload_unknown, "no policy for workload \"" + hello.workload + "\""});
        return nullptr;
    }
    check_caller(*workload, facts, findings);
    for (const auto& kind : workload->evidence)
        if (find_kind(hello.introductions, kind) == nullptr)
            findings.push_back({Reason::evidence_kind_not_allowed,
                                "the policy wants " + kind + "; the node can prove: " + words(hello.introductions)});
    return workload;
}

attest::EnrolledKeys enrolled_keys(const Case& facts, const std::string& kind) {
    if (!facts.node) return {};
    const auto keys = facts.node->keys.find(kind);
    return keys == facts.node->keys.end() ? attest::EnrolledKeys{} : attest::EnrolledKeys(keys->second);
}

// What each verifier wants to know, or why there is no point in asking.
void make_requests(const Workload& workload, const Case& facts, const FindVerifier& find, Opening& out) {
    for (const auto& kind : workload.evidence) {
        const auto* introduction = find_kind(facts.hello->introductions, kind);
        const auto* verifier = find(kind);
        if (introduction == nullptr) continue;
        if (verifier == nullptr) {
            out.findings.push_back({Reason::evidence_kind_not_allowed, "this gate cannot verify " + kind});
            continue;
        }
        auto request = verifier->request(introduction->body, *workload.kinds.at(kind), kind_entropy(facts.seed, kind),
                                         facts.at, enrolled_keys(facts, kind));
        if (!request) {
            out.findings.push_back({request.error().reason, kind + ": " + request.error().context});
            continue;
        }
        out.requests.push_back({kind, std::move(request->for_collector)});
        out.kept.push_back({kind, std::move(request->kept)});
    }
}

void check_challenge(const Policy& policy, const Case& facts, Findings& findings) {
    const auto& challenged = *facts.challenged;
    if (challenged.spent)
        findings.push_back({Reason::challenge_reused, "a proof was judged against this challenge before"});
    if (facts.at < challenged.at || facts.at - challenged.at > limits::kChallengeLife)
        findings.push_back(
            {Reason::challenge_expired,
             "the proof came more than " + std::to_string(limits::kChallengeLife.count()) + " s after the challenge"});
    if (challenged.challenge.policy_epoch != policy.epoch())
        findings.push_back({Reason::policy_epoch_stale,
                            "the challenge is of policy epoch " + std::to_string(challenged.challenge.policy_epoch) +
                                ", it is " + std::to_string(policy.epoch()) + " now: ask again"});
}

// What the evidence of every kind is judged by.
struct Grounds {
    const Case& facts;
    const FindVerifier& find;
    const Sha512& binding;
    attest::CollateralReader& collateral;
    const attest::DenyList& denied;
    attest::Memo* memo;
};

// One kind's evidence; its end of life joins `expires`.
void verify_kind(const std::string& kind, const Workload& workload, const Grounds& by, Decision& out) {
    const auto* introduction = find_kind(by.facts.hello->introductions, kind);
    const auto* kept = find_kind(by.facts.challenged->kept, kind);
    const auto* evidence = find_kind(by.facts.proof->evidence, kind);
    const auto* verifier = by.find(kind);
    if (introduction == nullptr || verifier == nullptr || kept == nullptr || evidence == nullptr) {
        out.findings.push_back({Reason::evidence_kind_not_allowed,
                                "the policy wants " + kind + "; the proof holds: " + words(by.facts.proof->evidence)});
        return;
    }
    const auto verdict = verifier->verify({introduction->body, kept->body, evidence->body, by.binding, by.facts.at,
                                           enrolled_keys(by.facts, kind), &by.collateral, by.memo},
                                          *workload.kinds.find(kind)->second);
    for (const auto& finding : verdict.findings)
        out.findings.push_back({finding.reason, kind + ": " + finding.detail});
    for (const auto name : attest::denied_as(kind))
        if (const auto entry = by.denied.denied(name, verdict.claims))
            out.findings.push_back({Reason::evidence_platform_denied, kind + ": the deny list says " + *entry});
    out.claims[kind] = verdict.claims;
    out.kinds.append(out.kinds.empty() ? "" : "+").append(kind);
    out.expires = std::min(out.expires, verdict.expires);
}

// Whether check_peer() comes that far.
bool asks_deny_list(const Case& facts) {
    Findings findings;
    check_node(facts, findings);
    return findings.empty();
}

void check_denied_node(const Policy& policy, const Case& facts, Findings& findings) {
    if (const auto entry = policy.denied().denied_node(facts.node_spki))
        findings.push_back({Reason::node_revoked, "the deny list says " + *entry});
}

// The bundle as a whole; what its items are worth, each verifier has judged.
void check_makers(const Makers& makers, const Workload& workload, attest::CollateralReader& collateral, Decision& out) {
    const bool needed = !collateral.found().empty();
    // Looked at for every verdict; an old list still denies, and is no reason to refuse what needs nothing else.
    (void)collateral.find(attest::kDenyList);
    out.collateral.assign(collateral.found().begin(), collateral.found().end());
    if (out.collateral.empty()) return;
    out.collateral_hash = makers.hash;
    if (needed) {
        out.expires = std::min(out.expires, makers.until);
        if (out.at > makers.until)
            out.findings.push_back({Reason::evidence_collateral_expired, "the collateral bundle has ended"});
    }
    if (!workload.collateral_age) return;
    out.expires = std::min(out.expires, makers.made + *workload.collateral_age);
    if (out.at - makers.made > *workload.collateral_age)
        out.findings.push_back({Reason::evidence_collateral_expired,
                                "the collateral bundle is older than this workload's collateral_age"});
}

// That the deny list was asked is part of the decision, whatever it said: a record must hold it.
void note_deny_list(const Policy& policy, Decision& out) {
    const auto* makers = policy.makers();
    if (makers == nullptr || !makers->items.contains(attest::kDenyList)) return;
    out.collateral = {std::string(attest::kDenyList)};
    out.collateral_hash = makers->hash;
}

bool has_proof(const Case& facts) { return facts.hello && facts.challenged && facts.proof; }

// A proof, as far as can be said without its evidence.
void check_proof(const Policy& policy, const Case& facts, Findings& findings) {
    const auto* workload = check_hello(policy, facts, findings);
    check_denied_node(policy, facts, findings);
    check_challenge(policy, facts, findings);
    if (facts.proof_seen)
        findings.push_back({Reason::evidence_replayed, "this very proof was sent to this gate before"});
    check_duplicates(facts.proof->evidence, "the proof", findings);
    if (workload == nullptr) return;
    for (const auto& evidence : facts.proof->evidence)
        if (std::ranges::find(workload->evidence, evidence.kind) == workload->evidence.end())
            findings.push_back(
                {Reason::evidence_kind_not_allowed, "evidence of kind \"" + evidence.kind + "\" was not asked for"});
}

// Its evidence, and what it is worth if nothing was found.
void judge_evidence(const Policy& policy, const Case& facts, const FindVerifier& find, attest::Memo* memo,
                    Decision& out) {
    note_deny_list(policy, out);
    const auto* workload = policy.find(facts.hello->workload);
    if (workload == nullptr) return;
    const auto binding = case_binding(facts);
    out.expires = facts.at + workload->terms.lifetime;
    static const Makers nothing;
    const Makers& makers = policy.makers() != nullptr ? *policy.makers() : nothing;
    attest::CollateralReader collateral(makers.items, &policy.digests());
    for (const auto& kind : workload->evidence)
        verify_kind(kind, *workload, {facts, find, binding, collateral, policy.denied(), memo}, out);
    check_makers(makers, *workload, collateral, out);

    const auto lifetime = std::chrono::floor<Seconds>(out.expires - facts.at);
    if (lifetime < Seconds{1} && out.findings.empty())
        out.findings.push_back({Reason::evidence_certificate_expired, "what the evidence rests on ends now"});
    if (!out.findings.empty()) return;
    out.terms = workload->terms;
    out.terms.lifetime = lifetime;
    const auto ttl = std::min(workload->token_ttl, lifetime);
    out.mint = {workload->token_role, ttl, std::min(workload->wrap_ttl, ttl)};
}

}  // namespace

ByteArray<32> kind_entropy(const ByteArray<32>& seed, std::string_view kind) {
    using namespace std::string_view_literals;
    ByteArray<32> out{};
    std::ranges::copy(crypto::digest(crypto::Hash::sha256, {as_bytes("cloudtaser/gate/entropy/v1\0"sv), as_bytes(kind),
                                                            as_bytes("\0"sv), seed}),
                      out.begin());
    return out;
}

Sha512 case_binding(const Case& facts) {
    const auto& hello = *facts.hello;
    const auto& challenge = facts.challenged->challenge;
    return attest::binding_value({.role = "node",
                                  .challenge = challenge.challenge,
                                  .exporter = facts.exporter,
                                  .node_spki = facts.node_spki,
                                  .gate_spki = facts.gate_spki,
                                  .sealing_key = hello.sealing_key,
                                  .workload = hello.workload,
                                  .identity = crypto::sha256(attest::encode_identity(hello.identity)),
                                  .policy_epoch = challenge.policy_epoch});
}

std::vector<Finding> check_peer(const Policy& policy, const Case& facts) {
    Findings out;
    check_node(facts, out);
    // Of a stranger there is nothing more to say, and its record need hold no list.
    if (out.empty()) check_denied_node(policy, facts, out);
    return out;
}

std::vector<Finding> must_refuse(const Policy& policy, const Case& facts) {
    Findings out;
    if (facts.fault) out.push_back(*facts.fault);
    if (has_proof(facts)) {
        check_node(facts, out);
        check_proof(policy, facts, out);
    } else {
        auto peer = check_peer(policy, facts);
        if (facts.hello && peer.empty()) check_hello(policy, facts, peer);
        std::ranges::move(peer, std::back_inserter(out));
    }
    for (auto& finding : out)
        finding.detail = printable(finding.detail);
    return out;
}

Opening open(const Policy& policy, const Case& facts, const FindVerifier& find) {
    Opening out;
    out.findings = check_peer(policy, facts);
    if (!facts.hello || !out.findings.empty()) return out;
    const auto* workload = check_hello(policy, facts, out.findings);
    if (workload != nullptr) make_requests(*workload, facts, find, out);
    return out;
}

Decision appraise(const Policy& policy, const Case& facts, const FindVerifier& find, attest::Memo* memo) {
    Decision out;
    out.at = facts.at;
    out.expires = facts.at;
    out.policy_epoch = policy.epoch();
    out.policy_hash = policy.hash();
    if (facts.node) out.node = facts.node->name;
    if (facts.hello) out.workload = facts.hello->workload;
    if (facts.fault && facts.fault->reason == Reason::judge_unavailable) {
        // What broke one judge must not be looked at by the next.
        out.findings.push_back(*facts.fault);
    } else if (has_proof(facts)) {
        out.findings = must_refuse(policy, facts);
        judge_evidence(policy, facts, find, memo, out);
    } else {
        if (facts.fault) out.findings.push_back(*facts.fault);
        auto opening = open(policy, facts, find);
        std::ranges::move(opening.findings, std::back_inserter(out.findings));
        if (asks_deny_list(facts)) note_deny_list(policy, out);
        if (out.findings.empty()) out.findings.push_back({Reason::protocol_violation, "there is no proof to judge"});
    }
    for (auto& finding : out.findings)
        finding.detail = printable(finding.detail);
    for (auto& [kind, claims] : out.claims)
        for (auto& [name, value] : claims)
            value = printable(value);
    if (!out.granted()) out.expires = facts.at;
    return out;
}

}  // namespace ct::judge
