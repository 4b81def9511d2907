// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp/verifier.h"

#include <algorithm>

#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/snp_endorsement.h"
#include "attest/verify/known.h"
#include "attest/verify/snp/chain.h"
#include "attest/verify/snp/checks.h"
#include "codec/hex.h"

namespace ct::attest::snp {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): made by our own parse_policy()
const SnpPolicy& own(const KindPolicy& policy) { return static_cast<const SnpPolicy&>(policy); }

ByteView collateral(const Subject& subject, const std::string& name) {
    return subject.collateral == nullptr ? ByteView{} : subject.collateral->find(name);
}

// The verdict in the making.
struct Appraisal {
    const Subject& subject;
    const SnpPolicy& policy;
    Verdict verdict = {};

    void find(const Error& error) { verdict.findings.push_back({error.reason, error.context}); }
    void claim(const char* name, std::string value) { verdict.claims.insert_or_assign(name, std::move(value)); }
    void rest_until(WallTime until) { verdict.expires = std::min(verdict.expires, until); }

    void claim_report(const Report& report);
    void judge(const Evidence& evidence, bool simulated);
    void judge_signer(const Report& report, const crypto::Certificate& leaf,
                      std::span<const crypto::Certificate> others, bool simulated);
    [[nodiscard]] std::vector<ByteView> certificates(const Evidence& evidence, const Report& report) const;
};

void Appraisal::claim_report(const Report& report) {
    claim("version", std::to_string(report.version));
    claim("measurement", hex_encode(report.measurement));
    claim("host_data", hex_encode(report.host_data));
    claim("id_key", hex_encode(report.id_key_digest));
    claim("author_key", hex_encode(report.author_key_digest));
    claim("family_id", hex_encode(report.family_id));
    claim("image_id", hex_encode(report.image_id));
    claim("guest_svn", std::to_string(report.guest_svn));
    claim("vmpl", std::to_string(report.vmpl));
    ByteArray<8> words;
    const auto big_endian = [&words](std::uint64_t value) {
        for (std::size_t i = 0; i < words.size(); ++i)
            words[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
        return hex_encode(words);
    };
    claim("policy", big_endian(report.policy));
    if (report.has(policy_bit::kMigrateMa)) claim("report_id_ma", hex_encode(report.report_id_ma));
    claim("platform_info", big_endian(report.platform_info));
    claim("chip_id", hex_encode(report.chip_id));
    claim("current_tcb", hex_encode(report.current_tcb));
    claim("reported_tcb", hex_encode(report.reported_tcb));
    claim("committed_tcb", hex_encode(report.committed_tcb));
    claim("launch_tcb", hex_encode(report.launch_tcb));
}

// Those of the host; where it gives none, the bundle's for this chip and TCB.
std::vector<ByteView> Appraisal::certificates(const Evidence& evidence, const Report& report) const {
    if (!evidence.certificates.empty()) return evidence.certificates;
    const ByteView cached =
        collateral(subject, "amd/vcek/" + hex_encode(report.chip_id) + "/" + hex_encode(report.reported_tcb));
    if (cached.empty()) return {};
    return {cached};
}

void Appraisal::judge_signer(const Report& report, const crypto::Certificate& leaf,
                             std::span<const crypto::Certificate> others, bool simulated) {
    check_signature(report, leaf, verdict.findings);
    const auto der = leaf.der();
    const auto known =
        der ? remember<Endorsement>(subject.memo, "endorsement", {*der}, [&] { return parse_endorsement(leaf); })
            : std::unexpected(der.error());
    if (!known) return find(known.error());
    const auto& endorsement = *known;
    claim("product", std::string(to_string(endorsement->product)));
    claim("chip_id", hex_encode(chip_of(report, *endorsement)));
    claim("signing_key", endorsement->key == SigningKey::vlek ? "vlek" : "vcek");
    if (!endorsement->csp_id.empty()) claim("csp_id", endorsement->csp_id);

    const Authority named{policy.roots, {}};
    const Chain chain{leaf, others, simulated ? named : amd(endorsement->product)};
    rest_until(check_chain(chain, subject.at, subject.memo, verdict.findings));
    if (policy.require_crl) {
        const std::string name = "amd/crl/" + std::string(to_string(endorsement->product));
        RevocationItem crl{collateral(subject, name)};
        if (!crl.der.empty()) crl.digest = subject.collateral->digest(name);
        rest_until(check_revocation(chain, crl, subject.at, subject.memo, verdict.findings));
    }
    check_platform(report, *endorsement, verdict.findings);
    check_tcb(report, endorsement->product, policy, verdict.findings);
    rest_until(check_owner(report, *endorsement, policy, subject.at, verdict.findings));
}

void Appraisal::judge(const Evidence& evidence, bool simulated) {
    const auto report = parse_report(evidence.report);
    if (!report) return find(report.error());
    claim_report(*report);
    check_freshness(*report, subject.binding, verdict.findings);
    std::vector<crypto::Certificate> chain;
    for (const ByteView der : certificates(evidence, *report)) {
        const auto certificate = known_certificate(subject.memo, der);
        if (certificate)
            chain.push_back(**certificate);
        else
            verdict.findings.push_back({Reason::evidence_malformed, certificate.error().context});
    }
    if (chain.empty())
        verdict.findings.push_back({Reason::evidence_collateral_missing,
                                    "no certificate of the key that signed: none from the host, none in the bundle"});
    else
        judge_signer(*report, chain.front(), std::span(chain).subspan(1), simulated);
    check_state(*report, policy, verdict.findings);
    rest_until(check_identity(*report, policy, subject.at, verdict.findings));
}

}  // namespace

std::string_view SnpVerifier::kind() const { return device_ == Device::real ? kKind : kSimulatedKind; }

Result<std::shared_ptr<const KindPolicy>> SnpVerifier::parse_policy(const config::Node& table,
                                                                    const Attachments& attachments) const {
    CT_TRY(auto policy, parse_snp_policy(table, attachments, device_ == Device::simulated));
    return policy;
}

Status SnpVerifier::check_key(std::string_view /*word*/) const {
    return fail(Reason::malformed, "an SNP guest has no key to enrol: its report is signed by the processor's");
}

Result<EvidenceRequest> SnpVerifier::request(ByteView introduction, const KindPolicy& policy,
                                             const ByteArray<32>& /*entropy*/, WallTime /*at*/,
                                             EnrolledKeys /*enrolled*/) const {
    CT_TRY(const auto guest, decode_introduction(introduction));
    const auto& levels = own(policy).vmpl;
    // The most privileged one of those that the policy takes and the guest can have.
    const auto level = levels.lower_bound(guest.vmpl_floor);
    if (level == levels.end())
        return fail(Reason::evidence_privilege,
                    "the guest can have reports from VMPL " + std::to_string(guest.vmpl_floor) + " on");
    return EvidenceRequest{encode(Request{*level}), {}};
}

Verdict SnpVerifier::verify(const Subject& subject, const KindPolicy& policy) const {
    Appraisal appraisal{subject, own(policy)};
    appraisal.verdict.expires = WallTime::max();
    const auto evidence = decode_evidence(subject.evidence);
    if (evidence)
        appraisal.judge(*evidence, device_ == Device::simulated);
    else
        appraisal.find(evidence.error());
    if (!appraisal.verdict.affirming()) appraisal.verdict.expires = subject.at;
    return std::move(appraisal.verdict);
}

}  // namespace ct::attest::snp
