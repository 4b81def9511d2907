// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/composite/azure.h"

#include <algorithm>

#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/hcl_runtime.h"
#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/verify/snp/policy.h"
#include "codec/hex.h"

namespace ct::attest::composite {
namespace {

using azure::Hardware;

// The paravisor is what runs at VMPL 0. Whoever may make reports at another level may have them name any key.
bool is_paravisors(const KindPolicy& hardware) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): made by SnpVerifier::parse_policy()
    return static_cast<const snp::SnpPolicy&>(hardware).vmpl == std::set<std::uint32_t>{0};
}

// Both are numbers without leading zeros.
bool same_key(const tpm::Public& ak, const azure::Runtime& runtime) {
    return ak.type == tpm::alg::kRsa && std::ranges::equal(ak.modulus, runtime.ak_modulus) &&
           ak.exponent == runtime.ak_exponent;
}

void claim_runtime(const azure::Runtime& runtime, Verdict& verdict) {
    const auto claim = [&](const char* name, std::string value) { verdict.claims.emplace(name, std::move(value)); };
    const auto word = [](bool value) { return std::string(value ? "true" : "false"); };
    if (!runtime.vm_id.empty()) claim("vm_id", runtime.vm_id);
    if (runtime.secure_boot) claim("secure_boot", word(*runtime.secure_boot));
    if (runtime.console) claim("console", word(*runtime.console));
    if (!runtime.user_data.empty()) claim("user_data", hex_encode(runtime.user_data));
}

}  // namespace

Result<std::shared_ptr<const KindPolicy>> AzureVerifier::parse_policy(const config::Node& table,
                                                                      const Attachments& attachments) const {
    auto policy = std::make_shared<CompositePolicy>();
    if (sort_ == Hardware::tdx) {
        CT_CHECK(table.only({"tpm2", "tdx"}));
        CT_CHECK(read_halves(table, "tdx", hardware(), attachments, *policy));
        if (const auto log = table.get("tdx")->get("require_event_log"))
            return log->error("the TPM's log is the one here: write require_event_log in the table tpm2");
        return policy;
    }
    CT_CHECK(table.only({"tpm2", "sev-snp", "fresh_report"}));
    if (const auto node = table.get("fresh_report")) {
        CT_TRY(policy->fresh_report, node->as_bool());
    }
    CT_CHECK(read_halves(table, "sev-snp", hardware(), attachments, *policy));
    if (!is_paravisors(*policy->hardware))
        return table.get("sev-snp")->get("vmpl")->error("the paravisor, which vouches for the TPM, is at VMPL 0 alone");
    return policy;
}

Result<Bytes> AzureVerifier::request_report(ByteView /*introduction*/, const CompositePolicy& policy) const {
    return encode(azure::Request{policy.fresh_report});
}

void AzureVerifier::judge_report(const Half& half, Verdict& verdict) const {
    const auto find = [&](const Error& error) { verdict.findings.push_back({error.reason, error.context}); };
    const auto evidence = azure::decode_evidence(half.evidence);
    if (!evidence) return find(evidence.error());
    const auto hcl = azure::parse_hcl_report(evidence->hcl_report);
    if (!hcl) return find(hcl.error());
    if (hcl->hardware != sort_)
        return find({Reason::evidence_wrong_type, "the HCL report is of other hardware than this kind is for"});

    Half report = half;
    if (sort_ == Hardware::snp) {
        const Bytes body = snp::encode(snp::Evidence{hcl->report, evidence->certificates});
        judge_hardware(report, body, report_data_of(*hcl), verdict);
    } else {
        const Bytes nothing = tdx::encode_introduction();
        report.introduction = nothing;
        const Bytes body = tdx::encode(tdx::Evidence{evidence->quote});
        judge_hardware(report, body, report_data_of(*hcl), verdict);
    }

    const auto runtime = azure::parse_runtime(hcl->runtime);
    if (!runtime) return find(runtime.error());
    claim_runtime(*runtime, verdict);
    if (half.policy.fresh_report && !crypto::equal_constant_time(runtime->user_data, half.subject.binding))
        find({Reason::evidence_nonce_mismatch, "the hardware's report was made before this session"});
    if (half.key != nullptr && !same_key(half.key->ak, *runtime))
        return find({Reason::evidence_binding_mismatch, "the hardware speaks for another attestation key"});
    verdict.claims.emplace("ak_trust", "hardware");
}

}  // namespace ct::attest::composite
