// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/verifier.h"

#include <algorithm>

#include "attest/evidence/tdx_bundle.h"
#include "attest/verify/known.h"
#include "attest/verify/tdx/chain.h"
#include "attest/verify/tdx/collateral.h"
#include "attest/verify/tdx/intel.h"
#include "attest/verify/tdx/quote_checks.h"
#include "codec/hex.h"

namespace ct::attest::tdx {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): made by our own parse_policy()
const TdxPolicy& own(const KindPolicy& policy) { return static_cast<const TdxPolicy&>(policy); }

std::string little_endian_hex(std::uint64_t value) {
    ByteArray<8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    return hex_encode(bytes);
}

// The verdict in the making: claims, findings and the end of what it rests on.
struct Appraisal {
    const Subject& subject;
    const TdxPolicy& policy;
    std::span<const crypto::Certificate> roots;
    Verdict verdict;

    void find(const Error& error) { verdict.findings.push_back({error.reason, error.context}); }
    void claim(const std::string& name, std::string value) { verdict.claims.emplace(name, std::move(value)); }
    void claim(const std::string& name, ByteView value) { claim(name, hex_encode(value)); }
    void rest_on(WallTime end) { verdict.expires = std::min(verdict.expires, end); }
    [[nodiscard]] ByteView collateral(const std::string& name) const {
        return subject.collateral == nullptr ? ByteView{} : subject.collateral->find(name);
    }

    void claim_td(const Quote& quote);
    void claim_assessment(const Assessment& assessment);
    void judge_quote(const Quote& quote, ByteView event_log);
    void judge_chain(const Quote& quote);
    void judge_list(const std::string& name, const crypto::Certificate& issuer,
                    std::initializer_list<const crypto::Certificate*> issued);
    void judge_tcb(const Quote& quote, const Pck& pck, const crypto::Certificate& signer);
    template <class T>
    std::shared_ptr<const T> open(const std::string& name, std::string_view member, const crypto::Certificate& signer,
                                  Result<T> (*parse)(ByteView));
    void judge_enclave(const Quote& quote, const PckChain& chain, const crypto::PublicKey& pck);
};

void Appraisal::claim_td(const Quote& quote) {
    const TdReport& td = quote.td;
    claim("quote_version", std::to_string(quote.version));
    claim("tee_tcb_svn", td.tee_tcb_svn);
    claim("mrseam", td.mr_seam);
    claim("mrsignerseam", td.mr_signer_seam);
    claim("seam_attributes", td.seam_attributes);
    claim("td_attributes", little_endian_hex(td.attributes));
    claim("xfam", little_endian_hex(td.xfam));
    claim("mrtd", td.mr_td);
    claim("mrconfigid", td.mr_config_id);
    claim("mrowner", td.mr_owner);
    claim("mrownerconfig", td.mr_owner_config);
    for (std::size_t i = 0; i < kRegisters; ++i)
        claim("rtmr" + std::to_string(i), td.rtmr[i]);
    claim("report_data", td.report_data);
    if (!td.tee_tcb_svn2.empty()) {
        claim("tee_tcb_svn2", td.tee_tcb_svn2);
        claim("mrservicetd", td.mr_service_td);
    }
    claim("qe_svn", std::to_string(quote.qe.isv_svn));
}

void Appraisal::claim_assessment(const Assessment& assessment) {
    const auto word = [](std::optional<TcbStatus> status) {
        return status ? std::string(to_string(*status)) : std::string("none");
    };
    claim("tcb_status", word(assessment.status));
    claim("tcb_platform", word(assessment.platform));
    claim("tcb_module", word(assessment.module));
    claim("tcb_qe", word(assessment.qe));
    std::string advisories;
    for (const std::string& one : assessment.advisories)
        advisories.append(advisories.empty() ? "" : " ").append(one);
    claim("advisories", advisories);
}

void Appraisal::judge_quote(const Quote& quote, ByteView event_log) {
    claim_td(quote);
    check_signature(quote, verdict.findings);
    judge_chain(quote);
    check_freshness(quote.td, subject.binding, verdict.findings);
    rest_on(check_security(quote.td, policy, subject.at, verdict.findings));
    rest_on(check_measurements(quote.td, policy, subject.at, verdict.findings));
    check_event_log(quote.td, event_log, policy, verdict.findings);
}

void Appraisal::judge_chain(const Quote& quote) {
    const auto known = remember<PckChain>(subject.memo, "pck chain", {as_bytes(quote.pck_chain)},
                                          [&] { return parse_pck_chain(quote.pck_chain); });
    if (!known) return find(known.error());
    const auto& chain = *known;
    claim("fmspc", chain->pck.fmspc);
    claim("ppid", chain->pck.ppid);
    claim("pce_id", chain->pck.pce_id);
    claim("pce_svn", std::to_string(chain->pck.pce_svn));
    claim("sgx_components", chain->pck.components);
    claim("pck_ca", chain->list);
    const auto key = chain->leaf.public_key();
    if (!key) return find(key.error());
    judge_enclave(quote, *chain, *key);
    rest_on(check_platform(chain->pck, policy, subject.at, verdict.findings));
    const crypto::Certificate* root = anchor_of(*chain, roots, subject.at, subject.memo);
    if (root == nullptr)
        return find({Reason::evidence_chain_invalid, "the PCK certificate does not lead to a root that is trusted"});
    if (const Status status = known_chain(subject.memo, chain->leaf, {&chain->authority, 1}, {root, 1}, subject.at);
        !status)
        find(status.error());
    rest_on(std::min({chain->leaf.not_after(), chain->authority.not_after(), root->not_after()}));
    judge_list(std::string(kPckList) + chain->list, chain->authority, {&chain->leaf});

    const ByteView pem = collateral(std::string(kSigner));
    const auto found = remember<crypto::Certificate>(
        pem.empty() ? nullptr : subject.memo, "collateral signer", {pem}, [&]() -> Result<crypto::Certificate> {
            if (pem.empty()) return fail(Reason::evidence_collateral_missing, std::string(kSigner));
            return parse_collateral_signer(pem);
        });
    if (!found) {
        find(found.error());
        judge_list(std::string(kRootList), *root, {&chain->authority});
        return;
    }
    const auto& signer = *found;
    judge_list(std::string(kRootList), *root, {&chain->authority, &*signer});
    const Status trusted = check_collateral_signer(*signer, *root, subject.at, subject.memo);
    if (!trusted) find(trusted.error());
    rest_on(signer->not_after());
    // Out of its time, what it signed still says how the platform stood; anything else says nothing.
    if (trusted || trusted.error().reason == Reason::evidence_collateral_expired) judge_tcb(quote, chain->pck, *signer);
}

// Its report is signed once, when it makes its key; all quotes by that key carry it.
void Appraisal::judge_enclave(const Quote& quote, const PckChain& chain, const crypto::PublicKey& pck) {
    const auto der = chain.leaf.der();
    if (!der) return find(der.error());
    Findings found;
    const auto sound = remember<bool>(subject.memo, "enclave report",
                                      {*der, quote.qe_report, quote.qe_report_signature}, [&]() -> Result<bool> {
                                          check_qe_signature(quote, pck, found);
                                          if (!found.empty()) return fail(found.front().reason);
                                          return true;
                                      });
    if (!sound) std::ranges::move(found, std::back_inserter(verdict.findings));
}

void Appraisal::judge_list(const std::string& name, const crypto::Certificate& issuer,
                           std::initializer_list<const crypto::Certificate*> issued) {
    const ByteView der = collateral(name);
    if (der.empty()) {
        if (policy.require_crl) find({Reason::evidence_revocation_unknown, name + " is missing"});
        return;
    }
    const auto known = known_list(subject.memo, der, subject.collateral->digest(name), issuer);
    if (!known) return find({Reason::evidence_collateral_invalid, name + ": " + known.error().context});
    const auto& list = *known;
    for (const crypto::Certificate* certificate : issued)
        if (list->revokes(*certificate))
            find({Reason::evidence_certificate_revoked, name + " revokes " + certificate->subject()});
    if (!policy.require_crl) return;
    if (const Status status = check_time(*list, subject.at); !status)
        find({status.error().reason, name + ": " + status.error().context});
    rest_on(list->next_update());
}

// One of Intel's documents, within its time and of the evaluation that the policy wants.
template <class T>
std::shared_ptr<const T> Appraisal::open(const std::string& name, std::string_view member,
                                         const crypto::Certificate& signer, Result<T> (*parse)(ByteView)) {
    const auto read = [&]() -> Result<std::shared_ptr<const T>> {
        const ByteView bytes = collateral(name);
        if (bytes.empty()) return fail(Reason::evidence_collateral_missing, "nothing of that name");
        CT_TRY(const auto by, signer.der());
        return remember<T>(subject.memo, member, {subject.collateral->digest(name), by}, [&]() -> Result<T> {
            CT_TRY(const auto key, signer.public_key());
            CT_TRY(const ByteView signed_part, open_document(bytes, member, key));
            return parse(signed_part);
        });
    };
    const auto opened = read();
    if (!opened) {
        find({opened.error().reason, name + ": " + opened.error().context});
        return nullptr;
    }
    const auto& document = *opened;
    if (subject.at < document->issued || subject.at > document->next_update)
        find({Reason::evidence_collateral_expired, name + " is outside its time"});
    if (document->evaluation < policy.evaluation_floor)
        find({Reason::evidence_tcb_below_floor,
              name + " is of evaluation " + std::to_string(document->evaluation) + ", older than the policy's"});
    rest_on(document->next_update);
    return document;
}

void Appraisal::judge_tcb(const Quote& quote, const Pck& pck, const crypto::Certificate& signer) {
    const auto info = open(std::string(kTcbInfo) + hex_encode(pck.fmspc), "tcbInfo", signer, parse_tcb_info);
    const auto qe = open(std::string(kQeIdentity), "enclaveIdentity", signer, parse_qe_identity);
    if (qe) check_qe_identity(quote.qe, *qe, verdict.findings);
    if (!info) return;
    claim("tcb_evaluation", std::to_string(info->evaluation));
    if (info->fmspc != pck.fmspc || info->pce_id != pck.pce_id)
        return find({Reason::evidence_collateral_invalid, "Intel's TCB levels are of another platform"});
    check_module(quote.td, *info, verdict.findings);
    if (!qe) return;
    const Assessment assessment = assess(*info, *qe, pck, quote.td, quote.qe.isv_svn);
    claim_assessment(assessment);
    check_assessment(assessment, policy, verdict.findings);
}

}  // namespace

std::string_view TdxVerifier::kind() const { return device_ == Device::simulated ? kSimulatedKind : kKind; }

Result<std::shared_ptr<const KindPolicy>> TdxVerifier::parse_policy(const config::Node& table,
                                                                    const Attachments& attachments) const {
    CT_TRY(auto policy, parse_tdx_policy(table, attachments, device_ == Device::simulated));
    return policy;
}

Status TdxVerifier::check_key(std::string_view) const {
    return fail(Reason::malformed,
                std::string(kind()) + " has no keys to enrol: list platforms in the policy, as ppids");
}

Result<EvidenceRequest> TdxVerifier::request(ByteView introduction, const KindPolicy& policy, const ByteArray<32>&,
                                             WallTime, EnrolledKeys) const {
    CT_CHECK(decode_introduction(introduction));
    return EvidenceRequest{encode_request({own(policy).require_event_log}), {}};
}

Verdict TdxVerifier::verify(const Subject& subject, const KindPolicy& policy) const {
    const TdxPolicy& rules = own(policy);
    Appraisal appraisal{subject, rules, device_ == Device::real ? intel_roots() : std::span(rules.roots), {}};
    appraisal.verdict.expires = WallTime::max();
    if (const Status introduced = decode_introduction(subject.introduction); !introduced)
        appraisal.find(introduced.error());
    const auto evidence = decode_evidence(subject.evidence);
    if (!evidence) appraisal.find(evidence.error());
    const auto quote = evidence ? parse_quote(evidence->quote) : Result<Quote>(Quote{});
    if (!quote) appraisal.find(quote.error());
    if (evidence && quote) appraisal.judge_quote(*quote, evidence->event_log);
    if (!appraisal.verdict.affirming()) appraisal.verdict.expires = subject.at;
    return std::move(appraisal.verdict);
}

}  // namespace ct::attest::tdx
