// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/composite/verifier.h"

#include <algorithm>

#include "attest/evidence/composite_bundle.h"
#include "attest/verify/tpm2/quote_verdict.h"
#include "base/limits.h"

namespace ct::attest::composite {
namespace {

constexpr std::size_t kIntroduction = 64 << 10;

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): made by our own parse_policy()
const CompositePolicy& own(const KindPolicy& policy) { return static_cast<const CompositePolicy&>(policy); }

Result<Key> parse_key(ByteView introduction) {
    Key out;
    CT_TRY(out.introduction, tpm::decode_introduction(introduction));
    CT_TRY(out.ak, tpm::parse_public(out.introduction.ak_public));
    return out;
}

}  // namespace

Status CompositeVerifier::check_key(std::string_view /*word*/) const {
    return fail(Reason::malformed,
                std::string(kind_) + " has no keys to enrol: the hardware says which key is the TPM's");
}

Result<EvidenceRequest> CompositeVerifier::request(ByteView introduction, const KindPolicy& policy,
                                                   const ByteArray<32>& /*entropy*/, WallTime /*at*/,
                                                   EnrolledKeys /*enrolled*/) const {
    const CompositePolicy& rules = own(policy);
    CT_TRY(const Parts parts, decode_parts(introduction, kIntroduction));
    CT_TRY(const Key key, parse_key(parts.tpm));
    CT_CHECK(tpm::check_key_attributes(key.ak));
    const Bytes quote = tpm::encode(tpm::Request{rules.tpm->selection, rules.tpm->require_event_log, {}});
    CT_TRY(const Bytes report, request_report(parts.hardware, rules));
    return EvidenceRequest{encode(Parts{quote, report}), {}};
}

Verdict CompositeVerifier::verify(const Subject& subject, const KindPolicy& policy) const {
    const CompositePolicy& rules = own(policy);
    Verdict verdict;
    verdict.expires = WallTime::max();
    const auto find = [&](const Error& error) { verdict.findings.push_back({error.reason, error.context}); };
    const auto introduction = decode_parts(subject.introduction, kIntroduction);
    if (!introduction) find(introduction.error());
    const auto key = introduction ? parse_key(introduction->tpm) : Result<Key>(Key{});
    if (!key) find(key.error());
    const Key* known = introduction && key ? &*key : nullptr;
    if (known != nullptr) tpm::judge_key(known->ak, *rules.tpm, subject.memo, verdict);
    const auto evidence = decode_parts(subject.evidence, limits::kEvidence);
    if (!evidence) {
        find(evidence.error());
    } else {
        const auto quote = tpm::decode_evidence(evidence->tpm);
        if (quote)
            tpm::judge_quote(known == nullptr ? nullptr : &known->ak, *quote, &subject.binding, *rules.tpm, verdict);
        else
            find(quote.error());
        judge_report({subject, rules, known, introduction ? introduction->hardware : ByteView{}, evidence->hardware},
                     verdict);
    }
    if (!verdict.affirming()) verdict.expires = subject.at;
    return verdict;
}

void CompositeVerifier::judge_hardware(const Half& half, ByteView evidence, const Sha512& report_data,
                                       Verdict& verdict) const {
    const Subject report = {.introduction = half.introduction,
                            .kept = {},
                            .evidence = evidence,
                            .binding = report_data,
                            .at = half.subject.at,
                            .enrolled = {},
                            .collateral = half.subject.collateral,
                            .memo = half.subject.memo};
    Verdict part = hardware_.verify(report, *half.policy.hardware);
    for (Finding& finding : part.findings) {
        if (finding.reason == Reason::evidence_nonce_mismatch)
            finding = {Reason::evidence_binding_mismatch,
                       "the hardware's report is over something else: another TPM, or another session"};
        verdict.findings.push_back(std::move(finding));
    }
    verdict.claims.merge(part.claims);
    verdict.expires = std::min(verdict.expires, part.expires);
}

}  // namespace ct::attest::composite
