// SPDX-License-Identifier: Apache-2.0
// What composite kinds add to the verifiers that they are made of; how parts may be mixed is relay_test.cpp's matter.
#include "attest/collateral/deny_list.h"
#include "attest/verify/scope.h"
#include "composite_rig.h"

namespace ct::attest::composite {
namespace {

using enum Reason;

class Composite : public testing::TestWithParam<const char*> {
protected:
    [[nodiscard]] std::string kind() const { return GetParam(); }
    [[nodiscard]] Said say(const Host::Bends& bends = {}) const {
        return Host(kind(), 1).say(tdx::some_binding(), bends);
    }
};

TEST_P(Composite, LastsAsLongAsTheFirstOfItsPartsAndNamesWhatItRestsOn) {
    const Verdict verdict = judge(say());
    EXPECT_TRUE(verdict.affirming()) << words(verdict);
    EXPECT_EQ(verdict.expires, day(2026, 1, 29)) << "the revocation list's end";
    EXPECT_TRUE(verdict.claims.contains("reset_count"));
    EXPECT_TRUE(verdict.claims.contains(kind() == kAzureTdx ? "mrtd" : "measurement"));
    EXPECT_EQ(verdict.claims.contains("vm_id"), kind() != kGceSnp);
}

TEST_P(Composite, IsRefusedForWhatEitherHalfIsRefusedFor) {
    Host::Bends bends;
    bends.report = [](test::SnpReport& report) { report.policy |= 1U << 19; };
    bends.td = [](test::TdFields& td) { td.attributes |= 1; };
    EXPECT_EQ(reasons(judge(say(bends))), Reasons{evidence_debug});
    bends = {};
    bends.quote = [](test::AttestFields& quote) { quote.safe = 0; };
    EXPECT_EQ(reasons(judge(say(bends))), Reasons{evidence_clock_unsafe});
    Said said = say();
    said.pcrs[7][0] ^= 1;
    EXPECT_EQ(reasons(judge(said)), (Reasons{evidence_measurement_digest, evidence_measurement_mismatch}));
    EXPECT_EQ(reasons(judge(say(), {.tpm = "require_event_log = true\n", .hardware = {}, .own = {}})),
              Reasons{evidence_event_log_missing});
    EXPECT_FALSE(judge(say(), Rules{}, day(2036, 1, 1)).affirming()) << "certificates and lists have ended";
}

TEST_P(Composite, IsShutOutByWhatShutsOutEitherOfItsParts) {
    const Verdict verdict = judge(say());
    const auto entry = [&](const std::string& as, const std::string& claim) {
        const auto list = DenyList::parse(as_bytes(as + "." + claim + "=" + verdict.claims.at(claim)));
        EXPECT_TRUE(list) << claim;
        return std::ranges::any_of(
            denied_as(kind()), [&](std::string_view name) { return list->denied(name, verdict.claims).has_value(); });
    };
    const bool tdx = kind() == kAzureTdx;
    EXPECT_TRUE(entry("tpm2", "ak"));
    EXPECT_TRUE(entry(tdx ? "tdx" : "sev-snp", tdx ? "mrtd" : "measurement"));
    EXPECT_TRUE(entry(kind(), "ak"));
    EXPECT_FALSE(entry(tdx ? "sev-snp" : "tdx", "ak"));
}

TEST_P(Composite, WithAKeyThatMayLeaveItsTpmIsRefused) {
    Said said = say();
    said.ak_public[7] ^= 0x02;  // fixedTPM
    Reasons expected{evidence_key_attributes};
    if (kind() == kGceSnp) expected.push_back(evidence_binding_mismatch);  // it has another Name
    EXPECT_EQ(reasons(judge(said)), expected);
    const auto rules = parse_rules(kind());
    const auto asked = find_verifier(kind())->request(said.introduction(), **rules, {}, kAt);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().reason, evidence_key_attributes) << "already when it introduces itself";
}

TEST_P(Composite, AsksTheTpmForThePolicysRegistersAndTheHardwareForItsReport) {
    const auto rules = parse_rules(kind());
    const auto asked = find_verifier(kind())->request(say().introduction(), **rules, {}, kAt);
    ASSERT_TRUE(asked) << asked.error().to_string();
    const auto parts = decode_parts(asked->for_collector, 1024);
    ASSERT_TRUE(parts);
    EXPECT_EQ(tpm::decode_request(parts->tpm).value().pcrs.mask, 0x81U);
    if (kind() == kGceSnp)
        EXPECT_EQ(snp::decode_request(parts->hardware).value().vmpl, 0U);
    else
        EXPECT_FALSE(azure::decode_request(parts->hardware).value().user_data);
    EXPECT_TRUE(asked->kept.empty());
    EXPECT_FALSE(find_verifier(kind())->request({}, **rules, {}, kAt));
    EXPECT_FALSE(find_verifier(kind())->check_key("ak:sha256:" + std::string(64, '0')));
}

TEST_P(Composite, OfBrokenBodiesIsRefusedWithoutMoreThanThat) {
    const auto rules = parse_rules(kind());
    const Said said = say();
    const Bytes introduction = said.introduction(), evidence = said.evidence(), none;
    const auto refused = [&](ByteView hello, ByteView proof) {
        return reasons(find_verifier(kind())->verify({hello, {}, proof, said.binding, kAt, {}, nullptr}, **rules));
    };
    EXPECT_EQ(refused(none, none), (Reasons{evidence_malformed, evidence_malformed}));
    EXPECT_EQ(refused(introduction, none), Reasons{evidence_malformed});
    EXPECT_EQ(refused(introduction, Bytes(3 << 20)), Reasons{evidence_too_large});
    const Bytes empty = encode(Parts{Bytes{0xa0}, {}});
    EXPECT_EQ(refused(introduction, empty), (Reasons{evidence_malformed, evidence_malformed})) << "of both halves";
    for (std::size_t size = 0; size < evidence.size(); size += 13)
        EXPECT_EQ(refused(introduction, ByteView(evidence).first(size)), Reasons{evidence_malformed}) << size;
    const auto without_key = refused(none, evidence);
    EXPECT_EQ(without_key.front(), evidence_malformed) << "nobody introduced itself";
}

TEST_P(Composite, NeedsBothTablesInItsPolicy) {
    const std::string word = kind();
    const struct {
        const char* what;
        std::string lines;
    } rows[] = {
        {"nothing", ""},
        {"no table for the hardware", "[t.tpm2]\npcrs = { '0' = '" + std::string(64, '0') + "' }\n"},
        {"no table for the TPM", word == kAzureTdx ? "[t.tdx]\nmrtd = '" + std::string(96, '0') + "'\n"
                                                   : "[t.sev-snp]\nmeasurement = '" + std::string(96, '0') + "'\n"},
    };
    for (const auto& row : rows) {
        const auto rules = tdx::parse(word, row.lines);
        ASSERT_FALSE(rules) << row.what;
        EXPECT_EQ(rules.error().reason, config_invalid) << row.what;
        EXPECT_EQ(rules.error().context.find("p.toml:"), 0U) << rules.error().context;
    }
    EXPECT_TRUE(parse_rules(word));
    EXPECT_FALSE(parse_rules(word, {.tpm = "enrolled = true\n", .hardware = {}, .own = {}}))
        << "which key may speak is the hardware's to say";
    EXPECT_FALSE(parse_rules(word, {.tpm = {}, .hardware = "pcrs = 1\n", .own = {}}));
    EXPECT_FALSE(parse_rules(word, {.tpm = {}, .hardware = {}, .own = "colour = 'blue'\n"}));
}

INSTANTIATE_TEST_SUITE_P(, Composite, testing::Values(kAzureSnp, kAzureTdx, kGceSnp), [](const auto& one) {
    std::string name = one.param;
    std::erase(name, '-');
    return name;
});

TEST(CompositeKinds, TakeOneHardwareEach) {
    Said said = Host(kAzureSnp, 1).say(tdx::some_binding());
    said.kind = kAzureTdx;
    EXPECT_EQ(reasons(judge(said)), Reasons{evidence_wrong_type});
    said = Host(kAzureTdx, 1).say(tdx::some_binding());
    said.kind = kAzureSnp;
    EXPECT_EQ(reasons(judge(said)), Reasons{evidence_wrong_type});
}

TEST(CompositeKinds, OfAzureTakeTheParavisorsReportAlone) {
    Host::Bends bends;
    bends.report = [](test::SnpReport& report) { report.vmpl = 2; };
    EXPECT_EQ(reasons(judge(Host(kAzureSnp, 1).say(tdx::some_binding(), bends))), Reasons{evidence_privilege})
        << "made by the machine itself, which may name any key";
    EXPECT_TRUE(parse_rules(kAzureSnp, {.tpm = {}, .hardware = "vmpl = [0]\n", .own = {}}));
    EXPECT_FALSE(parse_rules(kAzureSnp, {.tpm = {}, .hardware = "vmpl = [0, 2]\n", .own = {}}));
    EXPECT_FALSE(parse_rules(kAzureTdx, {.tpm = {}, .hardware = "require_event_log = true\n", .own = {}}));
    EXPECT_TRUE(parse_rules(kGceSnp, {.tpm = {}, .hardware = "vmpl = [0, 1]\n", .own = {}}));
}

TEST(CompositeKinds, ThatAreRealTakeNoRootFromAPolicy) {
    const std::string tpm = "[t.tpm2]\npcrs = { '0' = '" + std::string(64, '0') + "' }\n";
    const std::string snp = "[t.sev-snp]\nmeasurement = '" + std::string(96, '0') + "'\n";
    const std::string tdx = "[t.tdx]\nmrtd = '" + std::string(96, '0') + "'\n", roots = "roots = 'amd.pem'\n";
    const Attachments files{{"amd.pem", chip_of(1).root_pem()}};
    EXPECT_TRUE(tdx::parse("azure-snp", tpm + snp, files));
    EXPECT_FALSE(tdx::parse("azure-snp", tpm + snp + roots, files));
    EXPECT_TRUE(tdx::parse("azure-tdx", tpm + tdx, files));
    EXPECT_FALSE(tdx::parse("azure-tdx", tpm + tdx + roots, files));
    EXPECT_TRUE(tdx::parse("gce-snp", tpm + snp, files));
    EXPECT_FALSE(tdx::parse("gce-snp", "ak_roots = 'amd.pem'\n" + tpm + snp, files));
    EXPECT_FALSE(tdx::parse("simulated-gce-snp", tpm + snp + roots, files)) << "nobody certifies its TPM";
}

// One bit in 11, so that each of a byte's comes by.
constexpr std::size_t kStep = 11;

// Flips bits of what is signed, or bound to what is signed; one machine, judged as a whole each time.
template <class T>
void expect_flips_refused(const char* kind, const std::function<T&(Said&)>& part, std::size_t size) {
    const auto rules = parse_rules(kind);
    Said said = Host(kind, 1).say(tdx::some_binding());
    EXPECT_TRUE(judge(said, **rules).affirming());
    T& bytes = part(said);
    ASSERT_LE(size, bytes.size());
    for (std::size_t bit = 0; bit < 8 * size; bit += kStep) {
        auto& byte = bytes[bit / 8];
        using Byte = std::remove_reference_t<decltype(byte)>;
        const Byte before = byte;
        byte = static_cast<Byte>(byte ^ 1 << bit % 8);
        EXPECT_FALSE(judge(said, **rules).affirming()) << kind << " bit " << bit;
        byte = before;
    }
}

TEST(CompositeMutants, OfReportsAreRefused) {
    expect_flips_refused<Bytes>(kAzureSnp, [](Said& one) -> Bytes& { return one.hcl.report; }, snp::kSignedSize);
    expect_flips_refused<Bytes>(kGceSnp, [](Said& one) -> Bytes& { return one.report; }, snp::kSignedSize);
}

TEST(CompositeMutants, OfQuotesAreRefused) {
    for (const char* kind : {kAzureSnp, kAzureTdx, kGceSnp}) {
        const Said said = Host(kind, 1).say(tdx::some_binding());
        expect_flips_refused<Bytes>(kind, [](Said& one) -> Bytes& { return one.attest; }, said.attest.size());
        expect_flips_refused<Bytes>(kind, [](Said& one) -> Bytes& { return one.signature; }, said.signature.size());
    }
}

TEST(CompositeMutants, OfRuntimeDataAreRefused) {
    for (const char* kind : {kAzureSnp, kAzureTdx}) {
        const Said said = Host(kind, 1).say(tdx::some_binding());
        expect_flips_refused<std::string>(
            kind, [](Said& one) -> std::string& { return one.hcl.runtime; }, said.hcl.runtime.size());
    }
}

}  // namespace
}  // namespace ct::attest::composite
