// SPDX-License-Identifier: Apache-2.0
// Machines of Azure and keys of Google's. No quote of theirs is over a binding of ours, so each is refused for that; what counts
// is what else is found.
#include "azure_captures.h"

namespace ct::attest::composite {
namespace {

using enum Reason;

TEST(AzureVectors, OfSnpLackOnlyOurBinding) {
    CT_NEEDS_VECTORS();
    const Verdict verdict = azure_snp().judge();
    EXPECT_EQ(reasons(verdict), Reasons{evidence_nonce_mismatch}) << words(verdict);
    EXPECT_EQ(verdict.claims.at("ak_trust"), "hardware");
    EXPECT_EQ(verdict.claims.at("reset_count"), "2");
    EXPECT_EQ(verdict.claims.at("firmware_version"), "2020031200120003");
    EXPECT_EQ(verdict.claims.at("vm_id"), "7DF7B373-B947-4AAA-96E5-C358F2A03D20");
    EXPECT_EQ(verdict.claims.at("secure_boot"), "true");
    EXPECT_EQ(verdict.claims.at("policy"), "000000000003001f");
    EXPECT_EQ(verdict.claims.at("vmpl"), "0");
}

TEST(AzureVectors, OfTdxHaveTheVerdictOfTheirReadme) {
    CT_NEEDS_VECTORS();
    const auto found = [](const std::string& lines) { return reasons(azure_tdx(lines).judge()); };
    EXPECT_EQ(found("allow_sept_ve = true\nstatuses = ['OutOfDate']\n"), Reasons{evidence_nonce_mismatch})
        << "signatures and bindings are sound";
    EXPECT_EQ(found("allow_sept_ve = true\n"), (Reasons{evidence_nonce_mismatch, evidence_tcb_status}));
    EXPECT_EQ(found(""), (Reasons{evidence_nonce_mismatch, evidence_tcb_status, evidence_configuration_mismatch}));
    EXPECT_EQ(azure_tdx("").judge().claims.at("reset_count"), "1");
}

TEST(AzureVectors, MixedOrTamperedWithAreRefusedForIt) {
    CT_NEEDS_VECTORS();
    constexpr std::size_t runtime_at = 1236;
    Captured snp = azure_snp();
    snp.hcl[runtime_at + 30] ^= 1;
    auto found = reasons(snp.judge());
    EXPECT_EQ(std::ranges::count(found, evidence_binding_mismatch), 1) << "runtime data that the hardware did not sign";
    snp = azure_snp();
    snp.hcl[azure::kHclReportOffset + 0x90] ^= 1;
    found = reasons(snp.judge());
    EXPECT_EQ(std::ranges::count(found, evidence_signature_invalid), 1) << "the report's measurement";
    snp = azure_snp();
    snp.attest[50] ^= 1;
    found = reasons(snp.judge());
    EXPECT_EQ(std::ranges::count(found, evidence_signature_invalid), 1) << "the quote";
    snp = azure_snp();
    snp.bend_key = [](Bytes& n) { n[0] ^= 1; };
    EXPECT_EQ(reasons(snp.judge()),
              (Reasons{evidence_signature_invalid, evidence_nonce_mismatch, evidence_binding_mismatch}))
        << "another key";
    // The slot of a TDREPORT is not looked at: the quote is what is signed.
    Captured tdx = azure_tdx("allow_sept_ve = true\nstatuses = ['OutOfDate']\n");
    tdx.hcl[azure::kHclReportOffset + 0x80] ^= 1;
    EXPECT_EQ(reasons(tdx.judge()), Reasons{evidence_nonce_mismatch});
    tdx.hcl[runtime_at + 30] ^= 1;
    found = reasons(tdx.judge());
    EXPECT_EQ(std::ranges::count(found, evidence_binding_mismatch), 1);
    // Azure's other machine speaks for nobody here.
    tdx.hcl = read_vector("tpm/azure-milan-snp.hcl-report.bin");
    EXPECT_EQ(reasons(tdx.judge()), (Reasons{evidence_nonce_mismatch, evidence_wrong_type}));
}

TEST(AzureMutants, OfRuntimeDataAreRefused) {
    CT_NEEDS_VECTORS();
    constexpr std::size_t runtime_at = 1236;
    Captured captured = azure_snp();
    const std::size_t size = azure::parse_hcl_report(captured.hcl)->runtime.size();
    for (std::size_t bit = 0; bit < 8 * size; bit += 37) {
        captured.hcl[runtime_at + bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        EXPECT_GT(std::ranges::count(reasons(captured.judge()), evidence_binding_mismatch), 0) << bit;
        captured.hcl[runtime_at + bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
}

// A key of Google's with the certificate that its machine has, on a machine of which no report was captured: the chain is good
// through the intermediate that is built in, and nothing else is.
TEST(GoogleVectors, KeysAreKnownByTheBuiltInRoot) {
    CT_NEEDS_VECTORS();
    const Bytes leaf = read_vector("tpm/gce-ak-cert.der");
    const Bytes spki = crypto::Certificate::from_der(leaf).value().public_key().value().spki_der().value();
    ByteBuilder key;
    key.be16(0x0001).be16(0x000b).be32(0x00050072).tpm2b({}).be16(0x0010).be16(0x0014).be16(0x000b);
    key.be16(2048).be32(0).tpm2b(ByteView(spki).subspan(spki.size() - 5 - 256, 256));
    Said said = Host(kGceSnp, 1).say(tdx::some_binding());
    said.ak_public = key;
    said.ak_certificates = {leaf};
    const auto rules = tdx::parse("gce-snp", "[t.tpm2]\npcrs = { '0' = '" + std::string(64, '0') +
                                                 "' }\n[t.sev-snp]\nmeasurement = '" + std::string(96, '0') + "'\n");
    const Bytes introduction = said.introduction(), evidence = said.evidence();
    const Verdict verdict = find_verifier("gce-snp")->verify(
        {introduction, {}, evidence, said.binding, day(2026, 1, 15), {}, nullptr}, **rules);
    EXPECT_FALSE(verdict.affirming());
    EXPECT_EQ(verdict.claims.at("ak_trust"), "certificate") << words(verdict);
    EXPECT_GT(std::ranges::count(reasons(verdict), evidence_chain_invalid), 0) << "the simulated chip is not AMD's\n"
                                                                               << words(verdict);
}

}  // namespace
}  // namespace ct::attest::composite
