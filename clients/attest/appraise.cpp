// SPDX-License-Identifier: Apache-2.0
#include "clients/attest/appraise.h"

#include <algorithm>

#include "attest/judge/encoding.h"
#include "attest/verify/tpm2/verifier.h"
#include "config/tree.h"

namespace ct::attest_tool {
namespace {

using attest::Finding;

// What a gate would have kept from asking for this evidence; a finding if it would not have asked.
Bytes kept_for(const attest::Verifier& verifier, const Exhibit& exhibit, const Rules& rules, WallTime at,
               std::vector<Finding>& findings) {
    auto request = verifier.request(exhibit.introduction, *rules.policy, {}, at);
    if (request) return std::move(request->kept);
    findings.push_back({request.error().reason, request.error().context});
    // The rest of the quote can be judged all the same.
    return rules.kind == "tpm2" ? attest::tpm::kept_without_credential(exhibit.introduction) : Bytes{};
}

// Of one kind, from its own table.
Result<Rules> of_kind(const std::vector<judge::PolicyFile>& files, const std::string& kind) {
    attest::Attachments attachments;
    for (const auto& file : files)
        if (!file.name.ends_with(".toml")) attachments.emplace(file.name, file.text);
    Rules out;
    for (const auto& file : files) {
        if (!file.name.ends_with(".toml")) continue;
        CT_TRY(const auto document, config::Document::parse(file.text, file.path));
        const auto table = document.root().get(kind);
        if (!table) continue;
        if (out.policy) return table->error("[" + kind + "] is defined in another file already");
        CT_TRY(out.policy, attest::find_verifier(kind)->parse_policy(*table, attachments));
    }
    if (!out.policy) return fail(Reason::invalid_argument, "the policy has no table [" + kind + "]");
    out.kind = kind;
    out.hash = judge::policy_hash(files);
    return out;
}

Result<Rules> of_workload(std::vector<judge::PolicyFile> files, const std::string& name,
                          const std::vector<std::string>& kinds) {
    CT_TRY(const auto policy, judge::Policy::parse(std::move(files)));
    const auto* workload = policy.find(name);
    if (workload == nullptr) return fail(Reason::invalid_argument, "the policy has no workload \"" + name + "\"");
    for (const auto& kind : kinds) {
        const auto at = workload->kinds.find(kind);
        if (at != workload->kinds.end())
            return Rules{kind, name, policy.epoch(), policy.hash(), at->second, workload->collateral_age};
    }
    return fail(Reason::invalid_argument, "workload \"" + name + "\" wants no evidence of kind " + kinds.front());
}

}  // namespace

Result<Rules> load_rules(std::vector<judge::PolicyFile> files, const std::string& workload, const std::string& kind,
                         const std::string& wanted) {
    std::vector<std::string> kinds{kind, "simulated-" + kind};
    if (!wanted.empty()) {
        if (std::ranges::find(kinds, wanted) == kinds.end())
            return fail(Reason::invalid_argument, "the evidence is of kind " + kind + ", not " + wanted);
        kinds = {wanted};
    }
    std::erase_if(kinds, [](const std::string& word) { return attest::find_verifier(word) == nullptr; });
    if (kinds.empty()) return fail(Reason::invalid_argument, "evidence of kind " + kind + " cannot be judged here");
    if (!workload.empty()) return of_workload(std::move(files), workload, kinds);
    auto rules = of_kind(files, kinds.front());
    if (!rules && rules.error().reason == Reason::invalid_argument && kinds.size() > 1) {
        auto simulated = of_kind(files, kinds.back());
        if (simulated || simulated.error().reason != Reason::invalid_argument) return simulated;
    }
    return rules;
}

judge::Decision appraise(const Exhibit& exhibit, const Rules& rules, const judge::Makers& makers, WallTime at,
                         const attest::DenyList& denied) {
    const attest::Verifier& verifier = *attest::find_verifier(rules.kind);
    std::vector<Finding> findings;
    const Bytes kept = kept_for(verifier, exhibit, rules, at, findings);
    attest::CollateralReader collateral(makers.items);
    const auto verdict = verifier.verify({.introduction = exhibit.introduction,
                                          .kept = kept,
                                          .evidence = exhibit.evidence,
                                          .binding = exhibit.binding,
                                          .at = at,
                                          .collateral = &collateral,
                                          .for_release = exhibit.for_release},
                                         *rules.policy);
    // Each finding of the request is one of the verdict's as well, in other words, where both looked at the same thing.
    std::erase_if(findings, [&](const Finding& asked) {
        return std::ranges::any_of(verdict.findings, [&](const Finding& f) { return f.reason == asked.reason; });
    });
    findings.insert(findings.end(), verdict.findings.begin(), verdict.findings.end());
    findings.insert(findings.end(), exhibit.findings.begin(), exhibit.findings.end());
    if (const auto entry = denied.denied(rules.kind, verdict.claims))
        findings.push_back({Reason::evidence_platform_denied, "the deny list says " + *entry});

    judge::Decision out;
    out.workload = rules.workload;
    out.kinds = rules.kind;
    out.policy_epoch = rules.epoch;
    out.policy_hash = rules.hash;
    out.at = at;
    out.expires = verdict.expires;
    // As a gate does it (attest/judge/appraisal.cpp): an old list still denies, and is no reason to refuse what needs nothing else.
    const bool needed = !collateral.found().empty();
    (void)collateral.find(attest::kDenyList);
    out.collateral.assign(collateral.found().begin(), collateral.found().end());
    if (!out.collateral.empty()) out.collateral_hash = makers.hash;
    if (needed) {
        out.expires = std::min(out.expires, makers.until);
        if (at > makers.until)
            findings.push_back({Reason::evidence_collateral_expired, "the collateral bundle has ended"});
    }
    if (!out.collateral.empty() && rules.collateral_age) {
        out.expires = std::min(out.expires, makers.made + *rules.collateral_age);
        if (at - makers.made > *rules.collateral_age)
            findings.push_back({Reason::evidence_collateral_expired,
                                "the collateral bundle is older than this workload's collateral_age"});
    }
    for (const auto& finding : findings)
        out.findings.push_back({finding.reason, rules.kind + ": " + judge::printable(finding.detail)});
    for (const auto& [name, value] : verdict.claims)
        out.claims[rules.kind].emplace(name, judge::printable(value));
    if (!out.granted()) out.expires = at;
    return out;
}

}  // namespace ct::attest_tool
