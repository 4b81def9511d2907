// SPDX-License-Identifier: Apache-2.0
// What a relay can make of genuine parts: the attacker owns a machine of the same maker with the same software, and has seen
// whole exchanges of others. The honest exchange is accepted, and every mixture is refused for what was mixed.
#include "attest/protocol/binding.h"
#include "composite_rig.h"

namespace ct::attest::composite {
namespace {

using enum Reason;

BindingInputs session() {
    BindingInputs out;
    out.role = "node";
    out.challenge.fill(1);
    out.exporter.fill(2);
    out.node_spki.fill(3);
    out.gate_spki.fill(4);
    out.sealing_key.fill(5);
    out.workload = "payments";
    out.identity.fill(6);
    out.policy_epoch = 7;
    return out;
}

Sha512 binding(const std::function<void(BindingInputs&)>& bend = [](auto&) {}) {
    BindingInputs inputs = session();
    bend(inputs);
    return binding_value(inputs);
}

class Relay : public testing::TestWithParam<const char*> {
protected:
    [[nodiscard]] std::string kind() const { return GetParam(); }
    [[nodiscard]] bool azure() const { return kind() != kGceSnp; }
    [[nodiscard]] bool snp() const { return kind() != kAzureTdx; }
    Host victim_{kind(), 1}, other_{kind(), 2};
    const Sha512 now_ = binding();

    // The hardware's whole half of `other` under the TPM's half of `said`.
    static void take_hardware(Said& said, const Said& other) {
        said.hcl = other.hcl;
        said.report = other.report;
        said.certificates = other.certificates;
        said.quote = other.quote;
    }
    static void take_quote(Said& said, const Said& other) {
        said.attest = other.attest;
        said.signature = other.signature;
        said.pcrs = other.pcrs;
    }
    static void expect(const Said& said, const Reasons& expected, const std::string& what, const Rules& rules = {}) {
        const Verdict verdict = judge(said, rules);
        EXPECT_EQ(reasons(verdict), expected) << what << "\n" << words(verdict);
        EXPECT_EQ(verdict.expires, kAt) << what << ": a refusal lasts not at all";
    }
};

TEST_P(Relay, AnHonestExchangeOfEitherMachineIsAccepted) {
    for (const Host* host : {&victim_, &other_}) {
        const Verdict verdict = judge(host->say(now_), {.tpm = "reset_counters = [3, 1]\n", .hardware = {}, .own = {}});
        EXPECT_TRUE(verdict.affirming()) << words(verdict);
        EXPECT_GT(verdict.expires, kAt);
        EXPECT_EQ(verdict.claims.at("ak_trust"), azure() ? "hardware" : "certificate");
        EXPECT_EQ(verdict.claims.at("pcr7"), hex_encode(Bytes(32, 0xf7)));
        EXPECT_TRUE(verdict.claims.contains(snp() ? "chip_id" : "ppid"));
    }
}

// 1
TEST_P(Relay, ASwappedAttestationKeyIsRefused) {
    Said said = victim_.say(now_);
    const Said mine = other_.say(now_);
    said.ak_public = mine.ak_public;
    said.ak_certificates = mine.ak_certificates;
    take_quote(said, mine);
    expect(said, {evidence_binding_mismatch}, "the attacker's TPM, the victim's report");
}

// 2
TEST_P(Relay, ASwappedHardwareReportIsRefused) {
    Said said = victim_.say(now_);
    take_hardware(said, other_.say(now_));
    expect(said, {evidence_binding_mismatch}, "the victim's TPM, the attacker's report");
    if (!azure()) return;
    // The victim's runtime data, so that the key fits, under a report that is not of it.
    said.hcl.runtime = victim_.say(now_).hcl.runtime;
    expect(said, {evidence_binding_mismatch}, "the same, under the victim's runtime data");
}

// 3
TEST_P(Relay, AnExchangeOfAnEarlierChallengeIsStale) {
    Said said = victim_.say(binding([](auto& inputs) { inputs.challenge.fill(0xaa); }));
    said.binding = now_;
    Reasons expected{evidence_nonce_mismatch};
    if (!azure()) expected.push_back(evidence_binding_mismatch);
    expect(said, expected, "old nonce");
}

// 4
TEST_P(Relay, AQuoteOfAnotherMachineIsNotTheKeys) {
    Said said = victim_.say(now_);
    take_quote(said, other_.say(now_));
    expect(said, {evidence_signature_invalid}, "other host's quote");
}

// 5
TEST_P(Relay, AQuoteOfAfterARebootIsNotOfThePinnedBoot) {
    Host::Bends bends;
    bends.quote = [](test::AttestFields& quote) { quote.reset_count = 4; };
    const Rules pinned{.tpm = "reset_counters = [3, 1]\n", .hardware = {}, .own = {}};
    expect(victim_.say(now_, bends), {evidence_reset_changed}, "reset counter", pinned);
}

// 6, 7, 8: R is one hash, so what differs shows as another value of it.
TEST_P(Relay, AnotherSessionsBindingIsNotThisOnes) {
    const struct {
        const char* what;
        std::function<void(BindingInputs&)> bend;
    } rows[] = {
        {"wrong exporter: relayed from another connection", [](auto& inputs) { inputs.exporter.fill(0xee); }},
        {"swapped roles: made as a gate", [](auto& inputs) { inputs.role = "gate"; }},
        {"swapped roles: keys the other way round",
         [](auto& inputs) { std::swap(inputs.node_spki, inputs.gate_spki); }},
        {"equal keys: reflected to the node that made it", [](auto& inputs) { inputs.gate_spki = inputs.node_spki; }},
        {"a sealing key of the relay", [](auto& inputs) { inputs.sealing_key.fill(0x5e); }},
        {"another workload", [](auto& inputs) { inputs.workload = "billing"; }},
        {"another program", [](auto& inputs) { inputs.identity.fill(0x1d); }},
        {"an earlier policy", [](auto& inputs) { inputs.policy_epoch = 6; }},
    };
    for (const auto& row : rows) {
        Said said = victim_.say(binding(row.bend));
        ASSERT_TRUE(judge(said).affirming()) << row.what << ": good where it belongs";
        said.binding = now_;
        Reasons expected{evidence_nonce_mismatch};
        if (!azure()) expected.push_back(evidence_binding_mismatch);
        expect(said, expected, row.what);
    }
}

// 9
TEST_P(Relay, AnEndorsementOfAnotherMachineIsNotTheSigners) {
    if (snp()) {
        Said said = victim_.say(now_);
        said.certificates = other_.say(now_).certificates;
        expect(said, {evidence_signature_invalid, evidence_platform_mismatch}, "another chip's certificate");
        return;
    }
    Host::Bends bends;
    bends.certificate_of = &other_;
    expect(victim_.say(now_, bends), {evidence_signature_invalid}, "another platform's certificate");
}

// 10
TEST_P(Relay, AQuoteOfOtherRegistersIsNotWhatWasAsked) {
    Host::Bends bends;
    bends.quote = [](test::AttestFields& quote) { quote.selections[0].bank = 0x000c; };
    expect(victim_.say(now_, bends), {evidence_measurement_missing}, "another bank");
    bends.quote = [](test::AttestFields& quote) {
        quote.selections[0].bitmap = {0x01, 0, 0};
        quote.pcr_digest = test::pcr_digest({{0, Bytes(32, 0xf0)}});
    };
    expect(victim_.say(now_, bends), {evidence_measurement_missing, evidence_measurement_digest}, "another selection");
    bends.quote = [](test::AttestFields& quote) { quote.selections[0].bank = 0x0004; };
    expect(victim_.say(now_, bends), {evidence_algorithm_weak, evidence_measurement_missing}, "the SHA-1 bank");
}

// 11
TEST_P(Relay, WhatVouchesForTheKeyMustBeOfThisMachine) {
    Said said = victim_.say(now_);
    const Said mine = other_.say(now_);
    if (azure()) {
        said.hcl.runtime = mine.hcl.runtime;
        expect(said, {evidence_binding_mismatch, evidence_binding_mismatch}, "runtime data of another machine");
    } else {
        said.ak_certificates = mine.ak_certificates;
        expect(said, {evidence_chain_invalid}, "the certificate of another key");
        said.ak_certificates.clear();
        expect(said, {evidence_key_untrusted}, "none");
    }
}

// 12
TEST_P(Relay, AHardwareReportOfAnotherSessionIsRefusedWhereItMustBeOfThisOne) {
    const Sha512 before = binding([](auto& inputs) { inputs.challenge.fill(0xaa); });
    const Rules fresh{.tpm = {}, .hardware = {}, .own = "fresh_report = true\n"};
    if (kind() == kAzureTdx) {
        const auto rules = parse_rules(kind(), fresh);
        ASSERT_FALSE(rules) << "a TD quote is made apart from the session: a policy can't ask for another";
        EXPECT_EQ(rules.error().reason, config_invalid);
        return;
    }
    if (kind() == kGceSnp) {
        Said said = victim_.say(now_);
        take_hardware(said, victim_.say(before));
        expect(said, {evidence_binding_mismatch}, "the report of an earlier session");
        return;
    }
    Host::Bends bends;
    bends.user_data = before;
    expect(victim_.say(now_, bends), {evidence_nonce_mismatch}, "the report of an earlier session", fresh);
    expect(victim_.say(now_), {evidence_nonce_mismatch}, "a report of no session", fresh);
    bends.user_data = now_;
    EXPECT_TRUE(judge(victim_.say(now_, bends), fresh).affirming());
}

INSTANTIATE_TEST_SUITE_P(, Relay, testing::Values(kAzureSnp, kAzureTdx, kGceSnp), [](const auto& one) {
    std::string name = one.param;
    std::erase(name, '-');
    return name;
});

}  // namespace
}  // namespace ct::attest::composite
