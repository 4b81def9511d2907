// SPDX-License-Identifier: Apache-2.0
// Files of our own: evidence as it travels, audit records, signed files.
#include "attest/collateral/bundle.h"
#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/gce_binding.h"
#include "attest/evidence/hcl_report.h"
#include "attest/evidence/nitro_bundle.h"
#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/judge/record.h"
#include "attest/signed/envelope.h"
#include "clients/attest/evidence_file.h"
#include "clients/attest/formats.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "crypto/digest.h"

namespace ct::attest_tool {
namespace {

namespace snp = attest::snp;
namespace tdx = attest::tdx;
namespace nitro = attest::nitro;
namespace tpm = attest::tpm;
namespace azure = attest::azure;

// A part that can't be read does not hide the others.
Fields or_error(Result<Fields> fields) {
    return fields ? std::move(*fields) : Fields{{"error", fields.error().to_string()}};
}

std::vector<Fields> certificates_of(const std::vector<ByteView>& ders) {
    std::vector<Fields> out;
    for (const ByteView der : ders)
        out.push_back(or_error(describe_certificate(der)));
    return out;
}

Result<Fields> describe_tpm2(ByteView body) {
    CT_TRY(const auto evidence, tpm::decode_evidence(body));
    Fields pcrs;
    for (unsigned i = 0; i < tpm::kPcrs; ++i)
        if ((evidence.pcr_mask >> i & 1) != 0) pcrs.push_back({std::to_string(i), hex(evidence.pcr_values[i])});
    Fields out{{"TPMS_ATTEST", or_error(describe_tpm_attest(evidence.attest))},
               {"TPMT_SIGNATURE", or_error(describe_tpm_signature(evidence.signature))},
               {"PCRs", std::move(pcrs)}};
    if (!evidence.event_log.empty()) out.push_back({"event log", or_error(describe_event_log(evidence.event_log))});
    return out;
}

// The TPM's half as of kind tpm2, then what the cloud's hardware has.
Result<Fields> describe_azure(ByteView body) {
    CT_TRY(const auto halves, attest::decode_parts(body, body.size()));
    CT_TRY(const auto hardware, azure::decode_evidence(halves.hardware));
    Fields out{{"TPM", or_error(describe_tpm2(halves.tpm))}};
    const auto hcl = azure::parse_hcl_report(hardware.hcl_report);
    if (!hcl) {
        out.push_back({"HCL report", Fields{{"error", hcl.error().to_string()}}});
        return out;
    }
    const bool is_snp = hcl->hardware == azure::Hardware::snp;
    Fields said{{"hardware", std::string(is_snp ? snp::kKind : tdx::kKind)},
                {"runtime data", std::string(as_text(hcl->runtime))}};
    if (is_snp) said.push_back({"ATTESTATION_REPORT", or_error(describe_snp_report(hcl->report))});
    out.push_back({"HCL report", std::move(said)});
    if (!is_snp) out.push_back({"TD quote", or_error(describe_tdx_quote(hardware.quote))});
    out.push_back({"certificates", certificates_of(hardware.certificates)});
    return out;
}

Result<Fields> describe_gce(ByteView body) {
    CT_TRY(const auto halves, attest::decode_parts(body, body.size()));
    return Fields{{"TPM", or_error(describe_tpm2(halves.tpm))},
                  {"hardware", or_error(describe_evidence(snp::kKind, halves.hardware))}};
}

Result<Fields> describe_introduction(std::string_view kind, ByteView body) {
    if (kind == snp::kKind || kind == "simulated-sev-snp") {
        CT_TRY(const auto said, snp::decode_introduction(body));
        return Fields{{"vmpl_floor", std::uint64_t{said.vmpl_floor}}};
    }
    if (kind != tpm::kKind) return Fields{{"bytes", hex(body)}};
    CT_TRY(const auto said, tpm::decode_introduction(body));
    Fields out{{"attestation key", or_error(describe_tpm_public(said.ak_public))}};
    if (!said.ek_public.empty()) out.push_back({"endorsement key", or_error(describe_tpm_public(said.ek_public))});
    out.push_back({"AK certificates", certificates_of(said.ak_certificates)});
    out.push_back({"EK certificates", certificates_of(said.ek_certificates)});
    return out;
}

Fields decision_of(const judge::Decision& decision) {
    std::vector<Fields> findings;
    for (const auto& finding : decision.findings)
        findings.push_back({{"reason", std::string(to_string(finding.reason))}, {"detail", finding.detail}});
    Fields claims;
    for (const auto& [kind, values] : decision.claims) {
        Fields said;
        for (const auto& [name, value] : values)
            said.push_back({name, value});
        claims.push_back({kind, std::move(said)});
    }
    return {{"granted", decision.granted()},
            {"workload", decision.workload},
            {"node", decision.node},
            {"kinds", decision.kinds},
            {"policy epoch", decision.policy_epoch},
            {"policy sha256", hex(decision.policy_hash)},
            {"at", format_timestamp(decision.at)},
            {"expires", format_timestamp(decision.expires)},
            {"findings", std::move(findings)},
            {"claims", std::move(claims)}};
}

}  // namespace

Result<Fields> describe_evidence(std::string_view kind, ByteView body) {
    constexpr std::string_view simulated = "simulated-";
    if (kind.starts_with(simulated)) kind.remove_prefix(simulated.size());
    if (kind == snp::kKind) {
        CT_TRY(const auto evidence, snp::decode_evidence(body));
        return Fields{{"ATTESTATION_REPORT", or_error(describe_snp_report(evidence.report))},
                      {"certificates", certificates_of(evidence.certificates)}};
    }
    if (kind == tdx::kKind) {
        CT_TRY(const auto evidence, tdx::decode_evidence(body));
        return describe_tdx_quote(evidence.quote);
    }
    if (kind == nitro::kKind) {
        CT_TRY(const auto evidence, nitro::decode_evidence(body));
        return describe_nitro_document(evidence.document);
    }
    if (kind == tpm::kKind) return describe_tpm2(body);
    if (kind == azure::kSnpKind || kind == azure::kTdxKind) return describe_azure(body);
    if (kind == attest::gce::kSnpKind) return describe_gce(body);
    return Fields{{"bytes", hex(body)}};
}

Result<Fields> describe_evidence_file(ByteView bytes) {
    CT_TRY(const auto file, decode_evidence_file(bytes));
    return Fields{{"kind", file.kind},
                  {"nonce", hex(file.nonce)},
                  {"introduction", or_error(describe_introduction(file.kind, file.introduction))},
                  {"evidence", or_error(describe_evidence(file.kind, file.evidence))}};
}

Result<Fields> describe_audit_record(ByteView bytes) {
    CT_TRY(const auto record, judge::decode_record(bytes));
    CT_TRY(const auto decision, judge::decode_decision(record.decision));
    Fields out{
        {"id", record.id},
        {"sha256", hex(crypto::sha256(bytes))},
        {"outcome", record.outcome.released ? std::string("released") : std::string(to_string(record.outcome.reason))},
        {"decision as recorded", decision_of(decision)}};
    std::vector<Fields> files;
    for (const auto& file : record.policy)
        files.push_back({{"name", file.name}, {"text", file.text}});
    out.push_back({"policy", std::move(files)});
    if (record.makers) {
        Fields items;
        for (const auto& [name, content] : record.makers->items)
            items.push_back({name, std::to_string(content.size()) + " bytes"});
        out.push_back({"collateral", Fields{{"bundle sha256", hex(record.makers->hash)},
                                            {"until", format_timestamp(record.makers->until)},
                                            {"items", std::move(items)}}});
    }
    std::vector<Fields> evidence;
    if (record.facts.proof)
        for (const auto& blob : record.facts.proof->evidence)
            evidence.push_back({{"kind", blob.kind}, {"fields", or_error(describe_evidence(blob.kind, blob.body))}});
    out.push_back({"evidence", std::move(evidence)});
    return out;
}

Result<Fields> describe_signed_file(ByteView bytes) {
    CT_TRY(const auto envelope, attest::decode_envelope(bytes));
    std::vector<Fields> signatures;
    for (const auto& signature : envelope.signatures)
        signatures.push_back({{"key sha256", hex(signature.key)}});
    Fields out{{"payload sha256", hex(crypto::sha256(envelope.payload))}, {"signatures", std::move(signatures)}};
    const auto bundle = attest::decode_collateral(envelope.payload);
    if (!bundle) {
        out.push_back({"payload", std::to_string(envelope.payload.size()) + " bytes, no collateral"});
        return out;
    }
    Fields items;
    for (const auto& [name, content] : bundle->items)
        items.push_back({name, std::to_string(content.size()) + " bytes"});
    out.push_back({"collateral", Fields{{"serial", bundle->serial},
                                        {"made", format_timestamp(bundle->made)},
                                        {"until", format_timestamp(bundle->until)},
                                        {"items", std::move(items)}}});
    return out;
}

}  // namespace ct::attest_tool
