// SPDX-License-Identifier: Apache-2.0
// Reports of real processors, at the time for which their verdict holds. None is over a binding of ours, so each is refused
// for that; what counts is what else is found.
#include <gtest/gtest.h>

#include <algorithm>

#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/snp_report.h"
#include "attest/verify/verifier.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "config/tree.h"
#include "support/print_reason.h"
#include "support/vectors.h"

namespace ct::attest::snp {
namespace {

using Reasons = std::vector<Reason>;
using test::read_vector;

struct Captured {
    std::string report, certificate;
    std::string at;
    std::string policy = {};  // besides the report's own measurement
    std::string crl = {};     // file; none: require_crl = false
    std::function<void(Bytes&)> bend = {};
    bool own_binding = true;  // take the report's own REPORT_DATA for the binding

    [[nodiscard]] Verdict judge() const {
        Bytes report_bytes = read_vector("snp/" + report + ".report.bin");
        const auto parsed = parse_report(report_bytes);
        EXPECT_TRUE(parsed);
        if (!parsed) return {};
        std::string lines = "[t]\nmeasurement = '" + hex_encode(parsed->measurement) + "'\n" + policy;
        Collateral collateral;
        if (crl.empty())
            lines += "require_crl = false\n";
        else
            for (const char* product : {"Milan", "Genoa", "Turin"})
                collateral["amd/crl/" + std::string(product)] = read_vector("snp/" + crl);
        const auto document = config::Document::parse(lines, "p.toml");
        EXPECT_TRUE(document) << lines;
        const auto& verifier = *find_verifier("sev-snp");
        const auto rules = verifier.parse_policy(*document->root().get("t"));
        EXPECT_TRUE(rules) << rules.error().to_string();
        if (!rules) return {};
        Sha512 binding{};
        if (own_binding) std::ranges::copy(parsed->report_data, binding.begin());
        if (bend) bend(report_bytes);
        Evidence evidence{report_bytes, {}};
        const Bytes leaf = certificate.empty() ? Bytes{} : read_vector("snp/" + certificate);
        if (!leaf.empty()) evidence.certificates.push_back(leaf);
        const Bytes sent = encode(evidence);
        CollateralReader reader(collateral);
        return verifier.verify({{}, {}, sent, binding, parse_timestamp(at).value(), {}, &reader}, **rules);
    }
    [[nodiscard]] Reasons reasons() const {
        Reasons out;
        for (const Finding& finding : judge().findings)
            out.push_back(finding.reason);
        return out;
    }
};

TEST(SnpVectors, HaveTheVerdictsOfTheirReadme) {
    CT_NEEDS_VECTORS();
    const struct {
        Captured captured;
        Reasons reasons;
    } rows[] = {
        {{"milan-v2-debug", "milan-v2-debug.vcek.der", "2025-06-15"}, {Reason::evidence_debug}},
        {{"milan-v2-debug", "milan-v2-debug.vcek.der", "2025-06-15", "allow_debug = true\n"}, {}},
        {{"milan-v2-azure", "milan-v2-azure.vcek.der", "2025-06-15"}, {}},
        {{"milan-v2-azure", "milan-v2-azure.vcek.der", "2025-06-15", "tcb.milan = { snp = 9 }\n"},
         {Reason::evidence_tcb_below_floor, Reason::evidence_tcb_below_floor, Reason::evidence_tcb_below_floor}},
        {{"milan-v3-vlek-aws", "milan-v3-vlek-aws.vlek.der", "2025-06-15",
          "vmpl = [0, 1]\nsigning_keys = ['vlek']\ncsp_ids = ['CN=cc-us-east-2.amazonaws.com']\n"},
         {}},
        {{"milan-v3-vlek-aws", "milan-v3-vlek-aws.vlek.der", "2026-11-23",
          "vmpl = [0, 1]\nsigning_keys = ['vlek']\ncsp_ids = ['CN=cc-us-east-2.amazonaws.com']\n"},
         {Reason::evidence_certificate_expired}},
        {{"milan-v3-vlek-aws", "milan-v3-vlek-aws.vlek.der", "2025-06-15"},
         {Reason::evidence_key_untrusted, Reason::evidence_platform_denied, Reason::evidence_privilege}},
        {{"milan-v3-hostdata", "milan-v3-hostdata.vcek.der", "2026-06-15"}, {}},
        {{"milan-v3-hostdata", "milan-v3-hostdata.vcek.der", "2026-06-15",
          "host_data = '4f4448c67f3c8dfc8de8a5e37125d807dadcc41f06cf23f615dbd52eec777d10'\nid_key = "
          "'0ad79ceb0b648b0e6a90d8aa9f6ea24c33a968b6632085353145e8b19a4741a2dab9ba342e13be4fc0d225e889cc1a58'\n"},
         {}},
        {{"milan-v3-hostdata", "milan-v3-hostdata.vcek.der", "2025-06-15"}, {Reason::evidence_certificate_expired}},
        {{"genoa-v3-hostdata", "genoa-v3-hostdata.vcek.der", "2026-06-15"}, {}},
        {{"genoa-v3-hostdata", "genoa-v3-hostdata.vcek.der", "2025-06-15"}, {Reason::evidence_certificate_expired}},
        {{"milan-v3-oak", "milan-v3-oak.vcek.der", "2025-10-15"}, {}},
        {{"milan-v3-oak", "milan-v3-oak.vcek.der", "2025-10-15", "", "crl-milan.der"}, {}},
        {{"milan-v3-oak", "milan-v3-oak.vcek.der", "2026-11-23", "", "crl-milan.der"},
         {Reason::evidence_revocation_unknown}},
        {{"milan-v3-oak", "milan-v3-oak.vcek.der", "2025-10-15", "", "crl-genoa.der"},
         {Reason::evidence_collateral_invalid}},
        {{"genoa-v5-oak", "genoa-v5-oak.vcek.der", "2025-10-15"}, {}},
        {{"genoa-v5-oak", "genoa-v5-oak.vcek.der", "2025-10-15", "", "crl-genoa.der"}, {}},
        {{"turin-v5-oak", "turin-v5-oak.vcek.der", "2025-10-15"}, {}},
        {{"siena-v5-a0h", "siena-v5-a0h.vcek.der", "2026-06-15"}, {}},
        {{"milan-v4-gce-nocert", "", "2025-06-15"}, {Reason::evidence_collateral_missing}},
        {{"milan-v2-azure", "neg-wrong-chip.vcek.der", "2025-06-15"},
         {Reason::evidence_signature_invalid, Reason::evidence_chain_invalid, Reason::evidence_platform_mismatch,
          Reason::evidence_platform_mismatch}},
        {{"milan-v2-azure", "neg-wrong-chip-octet.vcek.der", "2025-06-15"},
         {Reason::evidence_signature_invalid, Reason::evidence_malformed}},
        {{"genoa-v5-oak", "turin-v5-oak.vcek.der", "2025-10-15"},
         {Reason::evidence_signature_invalid, Reason::evidence_platform_mismatch, Reason::evidence_platform_mismatch,
          Reason::evidence_platform_mismatch}},
    };
    for (const auto& row : rows)
        EXPECT_EQ(row.captured.reasons(), row.reasons)
            << row.captured.report << " with " << row.captured.certificate << " at " << row.captured.at << " "
            << row.captured.policy << row.captured.crl;
}

TEST(SnpVectors, AreNotOverOurBinding) {
    CT_NEEDS_VECTORS();
    Captured captured{"milan-v3-oak", "milan-v3-oak.vcek.der", "2025-10-15"};
    captured.own_binding = false;
    EXPECT_EQ(captured.reasons(), Reasons{Reason::evidence_nonce_mismatch});
}

TEST(SnpVectors, TamperedWithAreRefused) {
    CT_NEEDS_VECTORS();
    // One byte of the signed region: whatever else it breaks, the signature fails.
    for (std::size_t at = 0; at < kSignedSize; at += 7) {
        Captured captured{"genoa-v3-hostdata", "genoa-v3-hostdata.vcek.der", "2026-06-15"};
        captured.bend = [at](Bytes& report) { report[at] ^= 0x40; };
        const auto reasons = captured.reasons();
        EXPECT_TRUE(std::ranges::count(reasons, Reason::evidence_signature_invalid) == 1 ||
                    reasons == Reasons{Reason::evidence_wrong_type})
            << at;
    }
    // The tail of the signature field is not signed.
    for (std::size_t at = 0x330; at < kReportSize; at += 31) {
        Captured captured{"genoa-v3-hostdata", "genoa-v3-hostdata.vcek.der", "2026-06-15"};
        captured.bend = [at](Bytes& report) { report[at] ^= 1; };
        EXPECT_EQ(captured.reasons(), Reasons{Reason::evidence_malformed}) << at;
    }
}

}  // namespace
}  // namespace ct::attest::snp
