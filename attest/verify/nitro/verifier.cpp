// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/nitro/verifier.h"

#include <algorithm>

#include "attest/evidence/nitro_bundle.h"
#include "attest/verify/known.h"
#include "attest/verify/nitro/document_checks.h"
#include "attest/verify/nitro/signer.h"
#include "codec/hex.h"

namespace ct::attest::nitro {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): made by our own parse_policy()
const NitroPolicy& own(const KindPolicy& policy) { return static_cast<const NitroPolicy&>(policy); }

// The verdict in the making.
struct Appraisal {
    const Subject& subject;
    const NitroPolicy& policy;
    Verdict verdict = {};

    void find(const Error& error) { verdict.findings.push_back({error.reason, error.context}); }
    void claim(std::string name, std::string value) { verdict.claims.emplace(std::move(name), std::move(value)); }
    void rest_until(WallTime until) { verdict.expires = std::min(verdict.expires, until); }

    void claim_document(const Document& document);
    void judge(ByteView evidence, std::span<const crypto::Certificate> roots);
};

void Appraisal::claim_document(const Document& document) {
    claim("document", std::string(to_string(document.form)));
    claim("module_id", std::string(document.module_id));
    claim("timestamp", std::to_string(document.timestamp));
    if (document.user_data) claim("user_data", hex_encode(*document.user_data));
    if (document.public_key) claim("public_key", hex_encode(*document.public_key));
    // An enclave has sixteen or more, few of them used. Of those that AWS gives a meaning zero says something, too: that nobody
    // signed the image (8), that it has no role (3).
    const auto told = [](unsigned index, ByteView value) {
        const bool used = std::ranges::any_of(value, [](std::uint8_t byte) { return byte != 0; });
        return used || (!value.empty() && (index <= 4 || index == 8));
    };
    for (unsigned i = 0; i < kPcrs; ++i)
        if (told(i, document.pcrs[i])) claim("pcr" + std::to_string(i), hex_encode(document.pcrs[i]));
}

void Appraisal::judge(ByteView evidence, std::span<const crypto::Certificate> roots) {
    const auto document = parse_document(evidence);
    if (!document) return find(document.error());
    claim_document(*document);
    if (const auto leaf = known_certificate(subject.memo, document->certificate)) {
        check_signature(*document, **leaf, verdict.findings);
        rest_until(check_chain(*document, **leaf, roots, subject.at, subject.memo, verdict.findings));
    } else {
        verdict.findings.push_back({Reason::evidence_malformed, "certificate: " + leaf.error().context});
    }
    if (subject.for_release) {
        check_freshness(*document, subject.binding, verdict.findings);
        check_purpose(*document, verdict.findings);
    }
    check_form(*document, policy, verdict.findings);
    check_debug(*document, verdict.findings);
    rest_until(check_pcrs(*document, policy, subject.at, verdict.findings));
}

}  // namespace

std::string_view NitroVerifier::kind() const { return device_ == Device::real ? kKind : kSimulatedKind; }

Result<std::shared_ptr<const KindPolicy>> NitroVerifier::parse_policy(const config::Node& table,
                                                                      const Attachments& attachments) const {
    CT_TRY(auto policy, parse_nitro_policy(table, attachments, device_ == Device::simulated));
    return policy;
}

Status NitroVerifier::check_key(std::string_view /*word*/) const {
    return fail(Reason::malformed, "an enclave has no key to enrol: its documents are signed by the hypervisor's");
}

Result<EvidenceRequest> NitroVerifier::request(ByteView introduction, const KindPolicy& policy,
                                               const ByteArray<32>& /*entropy*/, WallTime /*at*/,
                                               EnrolledKeys /*enrolled*/) const {
    CT_TRY(const auto node, decode_introduction(introduction));
    const Form wanted = own(policy).form;
    if (node.form != wanted)
        return fail(Reason::evidence_configuration_mismatch,
                    "the node shows documents of form " + std::string(to_string(node.form)) + ", the policy wants " +
                        std::string(to_string(wanted)));
    return EvidenceRequest{encode(Request{wanted}), {}};
}

Verdict NitroVerifier::verify(const Subject& subject, const KindPolicy& policy) const {
    Appraisal appraisal{subject, own(policy)};
    appraisal.verdict.expires = WallTime::max();
    const auto roots =
        device_ == Device::real ? aws_root() : std::span<const crypto::Certificate>(appraisal.policy.roots);
    if (const auto evidence = decode_evidence(subject.evidence))
        appraisal.judge(evidence->document, roots);
    else
        appraisal.find(evidence.error());
    if (!appraisal.verdict.affirming()) appraisal.verdict.expires = subject.at;
    return std::move(appraisal.verdict);
}

}  // namespace ct::attest::nitro
