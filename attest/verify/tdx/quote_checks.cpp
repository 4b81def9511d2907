// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/quote_checks.h"

#include <algorithm>

#include "attest/evidence/cc_event_log.h"
#include "attest/verify/tdx/signature.h"
#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::attest::tdx {
namespace {

bool all_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

bool masked_equal(ByteView value, ByteView mask, ByteView wanted) {
    for (std::size_t i = 0; i < value.size(); ++i)
        if ((value[i] & mask[i]) != wanted[i]) return false;
    return true;
}

// By the name that a policy has for it; empty where this report has no such field.
ByteView measurement(const TdReport& td, std::string_view name) {
    if (name == "mrtd") return td.mr_td;
    if (name == "mrseam") return td.mr_seam;
    if (name == "mrconfigid") return td.mr_config_id;
    if (name == "mrowner") return td.mr_owner;
    if (name == "mrownerconfig") return td.mr_owner_config;
    if (name == "mrservicetd") return td.mr_service_td;
    return td.rtmr[static_cast<std::size_t>(name.back() - '0')];
}

}  // namespace

void check_signature(const Quote& quote, Findings& findings) {
    const auto key =
        crypto::PublicKey::from_ec("P-256", quote.attestation_key.first(32), quote.attestation_key.subspan(32));
    if (!key || !verify_raw(*key, quote.signed_bytes, quote.signature))
        findings.push_back({Reason::evidence_signature_invalid, "the attestation key did not sign this quote"});
    const Bytes bound = crypto::digest(crypto::Hash::sha256, {quote.attestation_key, quote.qe_auth_data});
    if (!std::ranges::equal(quote.qe.report_data.first(32), bound) || !all_zero(quote.qe.report_data.subspan(32)))
        findings.push_back(
            {Reason::evidence_binding_mismatch, "the quoting enclave does not speak for this attestation key"});
}

void check_qe_signature(const Quote& quote, const crypto::PublicKey& pck, Findings& findings) {
    if (!verify_raw(pck, quote.qe_report, quote.qe_report_signature))
        findings.push_back(
            {Reason::evidence_signature_invalid, "the platform's PCK did not sign the quoting enclave's report"});
}

void check_qe_identity(const EnclaveReport& qe, const QeIdentity& identity, Findings& findings) {
    const bool same = masked_equal(qe.misc_select, identity.misc_select_mask, identity.misc_select) &&
                      masked_equal(qe.attributes, identity.attributes_mask, identity.attributes) &&
                      std::ranges::equal(qe.mr_signer, identity.mr_signer) && qe.isv_prod_id == identity.isv_prod_id;
    if (!same)
        findings.push_back({Reason::evidence_key_untrusted,
                            "the attestation key is of an enclave that is not Intel's TD quoting enclave"});
}

void check_freshness(const TdReport& td, const Sha512& binding, Findings& findings) {
    if (!crypto::equal_constant_time(td.report_data, binding))
        findings.push_back({Reason::evidence_nonce_mismatch, "the quote is not over this session"});
}

WallTime check_security(const TdReport& td, const TdxPolicy& policy, WallTime at, Findings& findings) {
    if (td.has(attribute::kDebug))
        findings.push_back({Reason::evidence_debug, "the TD runs in debug mode: its host can read its memory"});
    if ((td.attributes & attribute::kReserved) != 0)
        findings.push_back({Reason::evidence_configuration_mismatch,
                            "TDATTRIBUTES has bits of 1 to 7, which turn protection off in ways that are not known"});
    if (!td.has(attribute::kSeptVeDisable) && !policy.allow_sept_ve)
        findings.push_back({Reason::evidence_configuration_mismatch,
                            "SEPT_VE_DISABLE is not set: the host may take the TD's pages away without its notice"});
    if (!all_zero(td.seam_attributes))
        findings.push_back({Reason::evidence_configuration_mismatch,
                            "SEAMATTRIBUTES is " + hex_encode(td.seam_attributes) + ": the TDX module is a debug one"});
    if (!td.has(attribute::kMigratable) && all_zero(td.mr_service_td)) return WallTime::max();
    const auto known = policy.measurements.find("mrservicetd");
    const WallTime until =
        known == policy.measurements.end() ? WallTime::min() : allowed_until(known->second, td.mr_service_td, at);
    if (until < at)
        findings.push_back({Reason::evidence_migratable,
                            "the TD may be moved by a migration TD that the policy does not know: MRSERVICETD " +
                                hex_encode(td.mr_service_td)});
    return until;
}

void check_module(const TdReport& td, const TcbInfo& info, Findings& findings) {
    const std::uint8_t version = td.tee_tcb_svn[1];
    const ModuleSigner* signer = &info.module;
    if (version > 0) {
        const ModuleIdentity* identity = find_module(info, version);
        if (identity == nullptr) {
            findings.push_back({Reason::evidence_product_unknown,
                                "Intel's collateral has no TDX module of version " + std::to_string(version)});
            return;
        }
        signer = &identity->signer;
    }
    if (!std::ranges::equal(td.mr_signer_seam, signer->mr_signer))
        findings.push_back({Reason::evidence_measurement_mismatch,
                            "MRSIGNERSEAM is " + hex_encode(td.mr_signer_seam) + ": not Intel's TDX module"});
    // Of others than zero check_security() has spoken.
    if (all_zero(td.seam_attributes) && !masked_equal(td.seam_attributes, signer->attributes_mask, signer->attributes))
        findings.push_back({Reason::evidence_configuration_mismatch,
                            "SEAMATTRIBUTES is " + hex_encode(td.seam_attributes) + ", not what Intel publishes"});
}

WallTime check_measurements(const TdReport& td, const TdxPolicy& policy, WallTime at, Findings& findings) {
    WallTime end = WallTime::max();
    for (const auto& [name, allowed] : policy.measurements) {
        if (name == "mrservicetd") continue;  // check_security()
        const ByteView value = measurement(td, name);
        const WallTime until = allowed_until(allowed, value, at);
        end = std::min(end, until);
        if (until < at)
            findings.push_back({Reason::evidence_measurement_mismatch,
                                name + " is " + hex_encode(value) + ", which the policy does not allow (any more)"});
    }
    return end;
}

void check_event_log(const TdReport& td, ByteView log, const TdxPolicy& policy, Findings& findings) {
    if (!policy.require_event_log) return;
    if (log.empty()) {
        findings.push_back({Reason::evidence_event_log_missing, "the policy requires the firmware's event log"});
        return;
    }
    const auto replayed = replay_rtmrs(log);
    if (!replayed) {
        findings.push_back({replayed.error().reason, replayed.error().context});
        return;
    }
    for (const unsigned index : policy.event_log_rtmrs)
        if (!std::ranges::equal((*replayed)[index], td.rtmr[index]))
            findings.push_back({Reason::evidence_event_log_mismatch,
                                "the event log leads to another value of RTMR" + std::to_string(index)});
}

WallTime check_platform(const Pck& pck, const TdxPolicy& policy, WallTime at, Findings& findings) {
    WallTime end = WallTime::max();
    const auto check = [&](std::string_view what, ByteView value, const AllowedValues& allow,
                           const AllowedValues& deny) {
        const auto refuse = [&](std::string_view why) {
            findings.push_back(
                {Reason::evidence_platform_denied, std::string(what) + " " + hex_encode(value) + std::string(why)});
        };
        if (allowed_until(deny, value, at) >= at) refuse(" is denied");
        if (allow.empty()) return;
        const WallTime until = allowed_until(allow, value, at);
        end = std::min(end, until);
        if (until < at) refuse(" is not listed");
    };
    check("FMSPC", pck.fmspc, policy.fmspcs, policy.deny_fmspcs);
    check("PPID", pck.ppid, policy.ppids, policy.deny_ppids);
    return end;
}

void check_assessment(const Assessment& assessment, const TdxPolicy& policy, Findings& findings) {
    if (!assessment.status) {
        findings.push_back({Reason::evidence_tcb_status, "below every level that Intel supports"});
    } else if (!policy.statuses.contains(*assessment.status)) {
        std::string words = "Intel says " + std::string(to_string(*assessment.status));
        for (const std::string& advisory : assessment.advisories)
            words.append(" ").append(advisory);
        findings.push_back({Reason::evidence_tcb_status, words});
    }
    for (const std::string& advisory : assessment.advisories)
        if (policy.advisories && !policy.advisories->contains(advisory))
            findings.push_back({Reason::evidence_tcb_status, advisory + " is open, which the policy does not allow"});
}

}  // namespace ct::attest::tdx
