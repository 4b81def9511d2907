// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/composite/gce.h"

#include <algorithm>

#include "attest/evidence/gce_binding.h"
#include "attest/roots/roots.h"
#include "attest/verify/attachments.h"
#include "attest/verify/tpm2/trust.h"

namespace ct::attest::composite {
namespace {

// Google's own certificates, built in (attest/roots).
struct Authority {
    std::vector<crypto::Certificate> roots, intermediates;
};

const Authority& google() {
    static const Authority authority = [] {
        Authority out;
        // One that does not parse is missed by the first verdict that rests on it; a test reads them all.
        if (auto root = crypto::Certificate::from_pem(maker_certificate("google-ek-ak-root")))
            out.roots.push_back(std::move(*root));
        if (auto below = crypto::Certificate::from_pem(maker_certificate("google-ek-ak-intermediate")))
            out.intermediates.push_back(std::move(*below));
        return out;
    }();
    return authority;
}

}  // namespace

Result<std::shared_ptr<const KindPolicy>> GceVerifier::parse_policy(const config::Node& table,
                                                                    const Attachments& attachments) const {
    CT_CHECK(table.only({"tpm2", "sev-snp", "ak_roots"}));
    auto policy = std::make_shared<CompositePolicy>();
    CT_CHECK(read_halves(table, "sev-snp", hardware(), attachments, *policy));
    CT_TRY(policy->ak_roots, read_roots(table, "ak_roots", attachments));
    if ((device_ == Device::simulated) == policy->ak_roots.empty())
        return table.error(device_ == Device::simulated
                               ? "ak_roots is required: a simulated TPM is certified by nobody else"
                               : "ak_roots is for simulated devices: Google's root key is built in");
    return policy;
}

Result<Bytes> GceVerifier::request_report(ByteView introduction, const CompositePolicy& policy) const {
    CT_TRY(auto request, hardware().request(introduction, *policy.hardware, {}, {}));
    return std::move(request.for_collector);
}

void GceVerifier::judge_report(const Half& half, Verdict& verdict) const {
    const auto find = [&](const Error& error) { verdict.findings.push_back({error.reason, error.context}); };
    const auto name = half.key == nullptr ? Result<Bytes>(Bytes{}) : tpm::name_of(half.key->ak);
    if (!name) find(name.error());
    judge_hardware(half, half.evidence, gce::report_data(half.subject.binding, name.value_or(Bytes{})), verdict);
    if (half.key == nullptr) return;

    const Authority named{half.policy.ak_roots, {}};
    const Authority& authority = device_ == Device::simulated ? named : google();
    const tpm::Anchors anchors{
        .keys = {}, .roots = authority.roots, .enrolled = {}, .intermediates = authority.intermediates};
    const auto trust = tpm::trust_key(half.key->ak, half.key->introduction.ak_certificates, anchors, half.subject.at);
    if (!trust) return find(trust.error());
    verdict.claims.emplace("ak_trust", std::string(trust->how));
    verdict.expires = std::min(verdict.expires, trust->expires);
}

}  // namespace ct::attest::composite
