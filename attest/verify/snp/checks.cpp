// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp/checks.h"

#include <algorithm>

#include "codec/hex.h"

namespace ct::attest::snp {
namespace {

constexpr std::size_t kP384Bits = 384;

Bytes reversed(ByteView bytes) { return {bytes.rbegin(), bytes.rend()}; }

// As report and lists hold it: 64 bytes, on Turin 8 and zeros.
Bytes padded(ByteView chip_id) {
    Bytes out(chip_id.begin(), chip_id.end());
    out.resize(kChipIdSize);
    return out;
}

std::string show(const Tcb& tcb) {
    return "fmc " + std::to_string(tcb.fmc) + ", boot_loader " + std::to_string(tcb.boot_loader) + ", tee " +
           std::to_string(tcb.tee) + ", snp " + std::to_string(tcb.snp) + ", microcode " +
           std::to_string(tcb.microcode);
}

}  // namespace

void check_signature(const Report& report, const crypto::Certificate& signer, Findings& findings) {
    const auto verified = [&]() -> Status {
        CT_TRY(const auto key, signer.public_key());
        if (key.is_rsa() || key.bits() != kP384Bits)
            return fail(Reason::evidence_algorithm_weak, "a report is signed by a P-384 key");
        CT_TRY(const Bytes signature, crypto::ecdsa_to_der(reversed(report.r), reversed(report.s)));
        return key.verify(crypto::SignatureScheme::ecdsa_der, crypto::Hash::sha384, report.signed_bytes, signature);
    }();
    if (!verified) findings.push_back({verified.error().reason, "SNP report: " + verified.error().context});
}

void check_platform(const Report& report, const Endorsement& endorsement, Findings& findings) {
    const auto mismatch = [&](std::string detail) {
        findings.push_back({Reason::evidence_platform_mismatch, std::move(detail)});
    };
    if (report.cpuid && report.product() != endorsement.product)
        mismatch("the report is of another processor than its certificate, which is of " +
                 std::string(to_string(endorsement.product)));
    if (report.signing_key != static_cast<std::uint8_t>(endorsement.key))
        mismatch("the report says that another kind of key signed it");
    const Tcb reported = decode_tcb(report.reported_tcb, endorsement.product);
    if (reported != endorsement.tcb)
        mismatch("the certificate is for " + show(endorsement.tcb) + ", the report for " + show(reported));
    if (endorsement.key == SigningKey::vcek && !report.chip_id_masked() &&
        !std::ranges::equal(padded(endorsement.chip_id), report.chip_id))
        mismatch("the certificate is of another chip");
}

void check_freshness(const Report& report, const Sha512& binding, Findings& findings) {
    if (!crypto::equal_constant_time(report.report_data, binding))
        findings.push_back({Reason::evidence_nonce_mismatch, "REPORT_DATA is not this exchange's binding value"});
}

void check_state(const Report& report, const SnpPolicy& policy, Findings& findings) {
    const auto find = [&](Reason reason, const char* detail) { findings.push_back({reason, detail}); };
    if (report.has(policy_bit::kDebug) && !policy.allow_debug)
        find(Reason::evidence_debug, "the guest policy lets its host debug it");
    if (!policy.vmpl.contains(report.vmpl))
        findings.push_back({Reason::evidence_privilege, "made for VMPL " + std::to_string(report.vmpl)});
    if (!report.has(policy_bit::kReservedOne))
        find(Reason::evidence_configuration_mismatch, "bit 17 of the guest policy is 0");
    if (report.has(policy_bit::kSmt) && !policy.allow_smt)
        find(Reason::evidence_configuration_mismatch, "the guest policy allows SMT");
    if (!report.has(policy_bit::kSingleSocket) && policy.require_single_socket)
        find(Reason::evidence_configuration_mismatch, "the guest policy allows more than one socket");
    if (report.guest_svn < policy.guest_svn)
        findings.push_back({Reason::evidence_configuration_mismatch,
                            "GUEST_SVN " + std::to_string(report.guest_svn) + " is below the policy's"});
}

void check_tcb(const Report& report, Product product, const SnpPolicy& policy, Findings& findings) {
    if (!policy.products.contains(product)) {
        findings.push_back(
            {Reason::evidence_platform_denied, "the policy takes no " + std::string(to_string(product))});
        return;
    }
    const auto floor = policy.floors.find(product);
    if (floor == policy.floors.end()) return;
    // Current firmware may be newer than what a rollback could bring: committed and launch are what counts.
    const std::pair<const char*, ByteView> levels[] = {
        {"reported", report.reported_tcb}, {"committed", report.committed_tcb}, {"launch", report.launch_tcb}};
    for (const auto& [name, version] : levels) {
        const Tcb tcb = decode_tcb(version, product);
        if (!tcb.at_least(floor->second))
            findings.push_back({Reason::evidence_tcb_below_floor,
                                std::string(name) + " TCB is " + show(tcb) + "; the floor is " + show(floor->second)});
    }
}

Bytes chip_of(const Report& report, const Endorsement& endorsement) {
    return endorsement.key == SigningKey::vcek ? padded(endorsement.chip_id) : to_vector(report.chip_id);
}

WallTime check_owner(const Report& report, const Endorsement& endorsement, const SnpPolicy& policy, WallTime at,
                     Findings& findings) {
    if (!policy.signing_keys.contains(endorsement.key)) {
        findings.push_back({Reason::evidence_key_untrusted, endorsement.key == SigningKey::vlek
                                                                ? "signed by a VLEK, which the policy does not take"
                                                                : "signed by a VCEK, which the policy does not take"});
    }
    if (endorsement.key == SigningKey::vlek) {
        if (!policy.csp_ids.contains(endorsement.csp_id))
            findings.push_back({Reason::evidence_platform_denied, "provider '" + endorsement.csp_id + "'"});
        if (report.chip_id_masked()) {
            if (!policy.chips.empty() || !policy.deny_chips.empty())
                findings.push_back({Reason::evidence_platform_denied,
                                    "signed by a VLEK, with the chip's id masked, and the policy lists chips"});
            return WallTime::max();
        }
    }
    const Bytes chip = chip_of(report, endorsement);
    if (allowed_until(policy.deny_chips, chip, at) >= at)
        findings.push_back({Reason::evidence_platform_denied, "the chip is on the policy's deny list"});
    if (policy.chips.empty()) return WallTime::max();
    const WallTime until = allowed_until(policy.chips, chip, at);
    if (until < at) findings.push_back({Reason::evidence_platform_denied, "the chip is not on the policy's list"});
    return until;
}

WallTime check_identity(const Report& report, const SnpPolicy& policy, WallTime at, Findings& findings) {
    struct Row {
        const char* name;
        const AllowedValues& allowed;
        ByteView value;
        Reason reason;
    };
    const Row rows[] = {
        {"measurement", policy.measurement, report.measurement, Reason::evidence_measurement_mismatch},
        {"host_data", policy.host_data, report.host_data, Reason::evidence_configuration_mismatch},
        {"id_key", policy.id_key, report.id_key_digest, Reason::evidence_configuration_mismatch},
        {"author_key", policy.author_key, report.author_key_digest, Reason::evidence_configuration_mismatch},
        {"family_id", policy.family_id, report.family_id, Reason::evidence_configuration_mismatch},
        {"image_id", policy.image_id, report.image_id, Reason::evidence_configuration_mismatch}};
    WallTime until = WallTime::max();
    for (const Row& row : rows) {
        if (row.allowed.empty()) continue;
        const WallTime good = allowed_until(row.allowed, row.value, at);
        if (good < at)
            findings.push_back({row.reason, std::string(row.name) + " " + hex_encode(row.value)});
        else
            until = std::min(until, good);
    }
    if (report.has(policy_bit::kMigrateMa)) {
        const WallTime good = allowed_until(policy.migration_agents, report.report_id_ma, at);
        until = std::min(until, good);
        if (good < at)
            findings.push_back({Reason::evidence_migratable,
                                "the guest may be moved by a migration agent that the policy does not know: " +
                                    hex_encode(report.report_id_ma)});
    }
    if (!policy.author_key.empty() && !report.author_key)
        findings.push_back({Reason::evidence_configuration_mismatch, "no author key signed the ID key"});
    return until;
}

}  // namespace ct::attest::snp
