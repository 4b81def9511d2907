// SPDX-License-Identifier: Apache-2.0
// Verdicts on a simulated platform: each refusal for its own reason. Real evidence is in tdx_vectors_test.cpp.
#include "attest/verify/known.h"
#include "attest/verify/tdx/chain.h"
#include "attest/verify/tdx/collateral.h"
#include "support/tpm_builder.h"
#include "tdx_rig.h"

namespace ct::attest::tdx {
namespace {

using enum Reason;
using test::Signer;

TEST(TdxVerdict, OnASoundPlatformAffirmsUntilTheEarliestEnd) {
    const Verdict verdict = Rig{}.make().judge();
    EXPECT_TRUE(verdict.affirming()) << words(verdict);
    EXPECT_EQ(verdict.expires, day(2026, 1, 29));
    const auto& claims = verdict.claims;
    EXPECT_EQ(claims.at("tcb_status"), "UpToDate");
    EXPECT_EQ(claims.at("tcb_module"), "UpToDate");
    EXPECT_EQ(claims.at("tcb_evaluation"), "18");
    EXPECT_EQ(claims.at("fmspc"), "90c06f000000");
    EXPECT_EQ(claims.at("ppid"), hex_encode(Bytes(16, 0x99)));
    EXPECT_EQ(claims.at("mrtd"), hex_encode(Bytes(48, 0x7d)));
    EXPECT_EQ(claims.at("rtmr3"), hex_encode(Bytes(48, 0xa3)));
    EXPECT_EQ(claims.at("td_attributes"), "0000001000000000");
    EXPECT_EQ(claims.at("report_data"), hex_encode(some_binding()));
    EXPECT_EQ(claims.at("advisories"), "");
}

TEST(TdxVerdict, EndsWithWhateverEndsFirst) {
    struct Case {
        std::string_view what;
        std::function<void(Rig&)> change;
    };
    const WallTime end = day(2026, 1, 20);
    for (const Case& one : std::vector<Case>{
             {"PCK", [&](Rig& r) { r.pck.until = end; }},
             {"its CA", [&](Rig& r) { r.authority.until = end; }},
             {"root", [&](Rig& r) { r.root.until = end; }},
             {"signer", [&](Rig& r) { r.signer.until = end; }},
             {"TCB info", [&](Rig& r) { r.info.next_update = "2026-01-20T00:00:00Z"; }},
             {"QE identity", [&](Rig& r) { r.qe.next_update = "2026-01-20T00:00:00Z"; }},
             {"root's list", [&](Rig& r) { r.root_list.until = end; }},
             {"CA's list", [&](Rig& r) { r.pck_list.until = end; }},
             {"a measurement",
              [&](Rig& r) {
                  r.lines =
                      "mrtd = { value = '" + hex_encode(Bytes(48, 0x7d)) + "', until = '2026-01-20T00:00:00Z' }\n";
              }},
             {"a platform",
              [&](Rig& r) {
                  r.lines += "ppids = { value = '" + hex_encode(Bytes(16, 0x99)) + "', until = '2026-01-20' }\n";
              }},
             {"a migration TD",
              [&](Rig& r) {
                  r.quote.version = 5, r.quote.body_type = 3, r.quote.td.mr_service_td = Bytes(48, 0x99);
                  r.lines += "mrservicetd = { value = '" + hex_encode(Bytes(48, 0x99)) + "', until = '2026-01-20' }\n";
              }},
         }) {
        Rig rig;
        one.change(rig);
        const Verdict verdict = rig.make().judge();
        EXPECT_TRUE(verdict.affirming()) << one.what << ": " << words(verdict);
        EXPECT_EQ(verdict.expires, end) << one.what;
    }
}

TEST(TdxVerdict, AcceptsEachVersionBodyAndPadding) {
    Rig rig;
    rig.quote.padding = Bytes(300, 0xff);
    EXPECT_TRUE(rig.make().judge().affirming());
    rig.quote.version = 5;
    EXPECT_TRUE(rig.make().judge().affirming());
    rig.quote.body_type = 3;
    EXPECT_TRUE(rig.make().judge().affirming());
    // A processor's own CA and list.
    rig.authority.name = "Intel SGX PCK Processor CA";
    rig.bend_collateral = [](Collateral& c, const Rig::Keys&) {
        c["intel/pck-crl/processor"] = c["intel/pck-crl/platform"];
        c.erase("intel/pck-crl/platform");
    };
    EXPECT_TRUE(rig.make().judge().affirming());
}

using Change = std::function<void(Rig&)>;
Change after(std::function<void(test::QuoteFields&, const Rig::Keys&)> change) {
    return [change](Rig& rig) { rig.after_signing = change; };
}
// The same, with what the attestation key signs signed again.
Change resigned(std::function<void(test::QuoteFields&)> change) {
    return after([change](test::QuoteFields& fields, const Rig::Keys& keys) {
        change(fields);
        fields.signature = keys.attestation.sign(fields.signed_bytes());
    });
}
Change collateral(std::function<void(Collateral&, const Rig::Keys&)> change) {
    return [change](Rig& rig) { rig.bend_collateral = change; };
}
Change without(const std::string& name) {
    return collateral([name](Collateral& c, const Rig::Keys&) { EXPECT_EQ(c.erase(name), 1u) << name; });
}
Change with_lines(const std::string& lines) {
    return [lines](Rig& rig) { rig.lines += lines; };
}
Change both(const Change& a, const Change& b) {
    return [a, b](Rig& rig) { a(rig), b(rig); };
}

struct Case {
    std::string_view what;
    Change change;
    Reasons reasons;
};
void expect_each(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        Rig rig;
        one.change(rig);
        const Exchange exchange = rig.make();
        ASSERT_TRUE(exchange.rules) << one.what;
        const Verdict verdict = exchange.judge();
        EXPECT_EQ(reasons(verdict), one.reasons) << one.what << ": " << words(verdict);
        EXPECT_EQ(verdict.expires == rig.at, !one.reasons.empty()) << one.what;
    }
}

TEST(TdxVerdict, RefusesBrokenSignaturesAndBindings) {
    expect_each({
        {"a TD report that was altered",
         after([](auto& f, auto&) { f.td.mr_owner[0] ^= 1; }),
         {evidence_signature_invalid}},
        {"a signature that was altered",
         after([](auto& f, auto&) { f.signature[63] ^= 1; }),
         {evidence_signature_invalid}},
        {"a signature of zeros", after([](auto& f, auto&) { f.signature = Bytes(64); }), {evidence_signature_invalid}},
        {"a QE report that was altered", after([](auto& f, auto&) { f.qe.isv_svn = 7; }), {evidence_signature_invalid}},
        {"a QE report signed by another key",
         after([](auto& f, auto& k) { f.qe_signature = k.signer.sign(f.qe.bytes()); }),
         {evidence_signature_invalid}},
        {"QE authentication data that was altered",
         after([](auto& f, auto&) { f.qe_auth_data[0] ^= 1; }),
         {evidence_binding_mismatch}},
        {"another attestation key",
         after([](auto& f, auto& k) {
             f.attestation_key = k.signer.point();
             f.signature = k.signer.sign(f.signed_bytes());
         }),
         {evidence_binding_mismatch}},
        {"an attestation key off the curve",
         after([](auto& f, auto&) { f.attestation_key = Bytes(64, 1); }),
         {evidence_signature_invalid, evidence_binding_mismatch}},
        {"a QE that says more", [](Rig& r) { r.quote.qe.report_data[63] = 1; }, {evidence_binding_mismatch}},
        {"another session", resigned([](auto& f) { f.td.report_data[0] ^= 1; }), {evidence_nonce_mismatch}},
        {"half of the session", resigned([](auto& f) { f.td.report_data[63] ^= 1; }), {evidence_nonce_mismatch}},
    });
}

TEST(TdxVerdict, RefusesChainsThatLeadNowhere) {
    expect_each({
        {"another root", [](Rig& r) { r.other_root = true; }, {evidence_chain_invalid}},
        {"no certificates", after([](auto& f, auto&) { f.pck_chain = "none"; }), {evidence_chain_invalid}},
        {"no CA", after([](auto& f, auto& k) { f.pck_chain = k.pck.pem(); }), {evidence_chain_invalid}},
        {"too many", after([](auto& f, auto& k) { f.pck_chain += k.root.pem(); }), {evidence_chain_invalid}},
        {"a CA that is none of Intel's PCK CAs",
         [](Rig& r) { r.authority.name = "Intel SGX CA"; },
         {evidence_chain_invalid}},
        {"a CA that may not issue", [](Rig& r) { r.authority.authority = false; }, {evidence_chain_invalid}},
        {"a CA of that name made by somebody else",
         after([](auto& f, auto& k) {
             const Signer other =
                 Signer::make(nullptr, {"Intel SGX PCK Platform CA", day(2020, 1, 1), day(2035, 1, 1), true, 2, {}});
             f.pck_chain = k.pck.pem() + other.pem();
         }),
         {evidence_chain_invalid}},
        {"a PCK certificate of somebody else",
         after([](auto& f, auto& k) {
             const Signer ca =
                 Signer::make(nullptr, {"Intel SGX PCK Platform CA", day(2020, 1, 1), day(2035, 1, 1), true, 2, {}});
             const Signer pck = Signer::make(&ca, {"Intel SGX PCK Certificate", day(2024, 1, 1), day(2031, 1, 1), false,
                                                   3, test::SgxFields{}.der()});
             test::sign_quote(f, pck, k.attestation, pck.pem() + k.authority.pem());
         }),
         {evidence_chain_invalid}},
        {"a PCK certificate without its platform", [](Rig& r) { r.sgx.leave_out = "4"; }, {evidence_malformed}},
        {"an expired PCK certificate", [](Rig& r) { r.pck.until = day(2026, 1, 14); }, {evidence_certificate_expired}},
        {"a PCK certificate of tomorrow",
         [](Rig& r) { r.pck.from = day(2026, 1, 16); },
         {evidence_certificate_expired}},
        {"an expired CA", [](Rig& r) { r.authority.until = day(2026, 1, 14); }, {evidence_certificate_expired}},
    });
}

TEST(TdxVerdict, RefusesWhatIsRevokedOrMayBe) {
    const std::string root = "intel/root-crl", platform = "intel/pck-crl/platform", lax = "require_crl = false\n";
    const Change old_list = [](Rig& r) { r.pck_list.until = day(2026, 1, 14); };
    const Change revoked = [](Rig& r) { r.revoked_by_authority = {9, 3}; };
    expect_each({
        {"a revoked PCK", revoked, {evidence_certificate_revoked}},
        {"a revoked CA", [](Rig& r) { r.revoked_by_root = {2}; }, {evidence_certificate_revoked}},
        {"a revoked signer", [](Rig& r) { r.revoked_by_root = {4}; }, {evidence_certificate_revoked}},
        {"serials of others", [](Rig& r) { r.revoked_by_root = {3, 9}, r.revoked_by_authority = {2, 4}; }, {}},
        {"no list of the CA", without(platform), {evidence_revocation_unknown}},
        {"no list of the root", without(root), {evidence_revocation_unknown}},
        {"an old list of the CA", old_list, {evidence_collateral_expired}},
        {"a list of tomorrow", [](Rig& r) { r.root_list.from = day(2026, 1, 16); }, {evidence_collateral_expired}},
        {"lists for each other",
         collateral([&](Collateral& c, auto&) { std::swap(c[root], c[platform]); }),
         {evidence_collateral_invalid, evidence_collateral_invalid}},
        {"a list that is none",
         collateral([&](Collateral& c, auto&) { c[root] = Bytes(9, 0x30); }),
         {evidence_collateral_invalid}},
        {"a list that was altered",
         collateral([&](Collateral& c, auto&) { c[root].back() ^= 1; }),
         {evidence_collateral_invalid}},
        {"no list where none is required", both(without(platform), with_lines(lax)), {}},
        {"an old list where none is required", both(old_list, with_lines(lax)), {}},
        {"a revoked PCK where no list is required",
         both(both(revoked, old_list), with_lines(lax)),
         {evidence_certificate_revoked}},
    });
}

TEST(TdxVerdict, RefusesCollateralThatIsMissingForeignOrOld) {
    const std::string info = "intel/tcb-info/90c06f000000", qe = "intel/td-qe-identity",
                      chain = "intel/tcb-signing-chain";
    const auto signed_by = [=](const std::function<Signer(const Rig::Keys&)>& choose) {
        return collateral([=](Collateral& c, const Rig::Keys& k) {
            const Signer signer = choose(k);
            c[chain] = to_vector(as_bytes(signer.pem()));
            c[info] = test::signed_document(signer, "tcbInfo", TcbInfoFields{}.json());
            c[qe] = test::signed_document(signer, "enclaveIdentity", QeIdentityFields{}.json());
        });
    };
    const Signer::Fields fields{"Intel SGX TCB Signing", day(2024, 1, 1), day(2032, 1, 1), false, 4, {}};
    expect_each({
        {"no TCB info", without(info), {evidence_collateral_missing}},
        {"no QE identity", without(qe), {evidence_collateral_missing}},
        {"no signer", without(chain), {evidence_collateral_missing}},
        {"a signer that is none",
         collateral([=](Collateral& c, auto&) { c[chain] = Bytes{1}; }),
         {evidence_collateral_invalid}},
        {"a signer of another name",
         [](Rig& r) { r.signer.name = "Intel SGX Attestation Signing"; },
         {evidence_collateral_invalid}},
        {"a signer below a PCK CA",
         signed_by([=](const Rig::Keys& k) { return Signer::make(&k.authority, fields); }),
         {evidence_collateral_invalid}},
        {"a signer of somebody else",
         signed_by([=](const Rig::Keys&) { return Signer::make(nullptr, fields); }),
         {evidence_collateral_invalid}},
        {"an expired signer", [](Rig& r) { r.signer.until = day(2026, 1, 14); }, {evidence_collateral_expired}},
        {"TCB info that was altered",
         collateral([=](Collateral& c, auto&) { c[info][40] ^= 1; }),
         {evidence_collateral_invalid}},
        {"QE identity that was altered",
         collateral([=](Collateral& c, auto&) { c[qe][40] ^= 1; }),
         {evidence_collateral_invalid}},
        {"documents for each other",
         collateral([=](Collateral& c, auto&) { std::swap(c[info], c[qe]); }),
         {evidence_collateral_invalid, evidence_collateral_invalid}},
        {"another signature",
         collateral([=](Collateral& c, const Rig::Keys& k) {
             c[info] = test::signed_document(k.pck, "tcbInfo", TcbInfoFields().json());
         }),
         {evidence_collateral_invalid}},
        {"TCB info of SGX", [](Rig& r) { r.info.id = "SGX"; }, {evidence_collateral_invalid}},
        {"QE identity of SGX", [](Rig& r) { r.qe.id = "QE"; }, {evidence_collateral_invalid}},
        {"TCB info of another platform", [](Rig& r) { r.info.fmspc = "50806F000000"; }, {evidence_collateral_invalid}},
        {"TCB info of another PCE", [](Rig& r) { r.info.pce_id = "0001"; }, {evidence_collateral_invalid}},
        {"old TCB info", [](Rig& r) { r.info.next_update = "2026-01-14T23:59:59Z"; }, {evidence_collateral_expired}},
        {"TCB info of tomorrow", [](Rig& r) { r.info.issued = "2026-01-15T00:00:01Z"; }, {evidence_collateral_expired}},
        {"old QE identity", [](Rig& r) { r.qe.next_update = "2026-01-14T00:00:00Z"; }, {evidence_collateral_expired}},
        {"an old evaluation",
         with_lines("evaluation_floor = 19\n"),
         {evidence_tcb_below_floor, evidence_tcb_below_floor}},
        {"an old evaluation of the QE",
         both([](Rig& r) { r.qe.evaluation = 17; }, with_lines("evaluation_floor = 18\n")),
         {evidence_tcb_below_floor}},
    });
    const Verdict bare = Rig{}.make().judge(false);
    EXPECT_EQ(reasons(bare),
              (Reasons{evidence_revocation_unknown, evidence_collateral_missing, evidence_revocation_unknown}));
}

TEST(TdxVerdict, RefusesAForeignQuotingEnclaveOrModule) {
    expect_each({
        {"another QE signer", [](Rig& r) { r.quote.qe.mr_signer[0] ^= 1; }, {evidence_key_untrusted}},
        {"another enclave of Intel's", [](Rig& r) { r.quote.qe.isv_prod_id = 1; }, {evidence_key_untrusted}},
        {"a QE in debug mode", [](Rig& r) { r.quote.qe.attributes[0] |= 2; }, {evidence_key_untrusted}},
        {"a QE with other exception handling", [](Rig& r) { r.quote.qe.misc_select = 1; }, {evidence_key_untrusted}},
        {"another module signer", [](Rig& r) { r.quote.td.mr_signer_seam[0] = 1; }, {evidence_measurement_mismatch}},
        {"a debug module", [](Rig& r) { r.quote.td.seam_attributes[0] = 1; }, {evidence_configuration_mismatch}},
        {"attributes that Intel does not publish",
         [](Rig& r) { r.info.modules[0].attributes[1] = '1'; },
         {evidence_configuration_mismatch}},
        {"a module of an unknown version",
         [](Rig& r) { r.quote.td.tee_tcb_svn[1] = 9; },
         {evidence_product_unknown, evidence_tcb_status}},
        {"another signer of modules of version 0",
         [](Rig& r) { r.quote.td.tee_tcb_svn[1] = 0, r.info.module_zero.mr_signer[0] = 'f'; },
         {evidence_measurement_mismatch}},
        {"a module of version 0", [](Rig& r) { r.quote.td.tee_tcb_svn[1] = 0; }, {}},
    });
}

TEST(TdxVerdict, RefusesTdsThatAreOpen) {
    const auto attributes = [](std::uint64_t bits) { return [bits](Rig& r) { r.quote.td.attributes = bits; }; };
    constexpr std::uint64_t good = attribute::kSeptVeDisable;
    const auto td15 = [](Rig& r) { r.quote.version = 5, r.quote.body_type = 3; };
    const auto service = both(td15, [](Rig& r) { r.quote.td.mr_service_td = Bytes(48, 0x99); });
    const Change known = with_lines("mrservicetd = '" + hex_encode(Bytes(48, 0x99)) + "'\n");
    expect_each({
        {"debug", attributes(good | attribute::kDebug), {evidence_debug}},
        {"a reserved bit", attributes(good | 1U << 4), {evidence_configuration_mismatch}},
        {"#VE for pages that went away", attributes(0), {evidence_configuration_mismatch}},
        {"the same where it is allowed", both(attributes(0), with_lines("allow_sept_ve = true\n")), {}},
        {"protection keys, key locker, performance counters",
         attributes(good | 1ULL << 30 | 1ULL << 31 | 1ULL << 63),
         {}},
        {"migratable", attributes(good | attribute::kMigratable), {evidence_migratable}},
        {"migratable, of a report that does not say by whom",
         both(attributes(good | attribute::kMigratable), known),
         {evidence_migratable}},
        {"a service TD", service, {evidence_migratable}},
        {"a service TD that is known", both(service, known), {}},
        {"migratable by one that is known", both(both(service, known), attributes(good | attribute::kMigratable)), {}},
    });
}

TEST(TdxVerdict, RefusesMeasurementsAndPlatformsThatThePolicyDoesNotName) {
    const std::string ninety_nine = hex_encode(Bytes(16, 0x99));
    const auto pin = [](const std::string& name, std::uint8_t byte) {
        return with_lines(name + " = ['" + std::string(96, '0') + "', '" + hex_encode(Bytes(48, byte)) + "']\n");
    };
    expect_each({
        {"another MRTD", [](Rig& r) { r.quote.td.mr_td[47] ^= 1; }, {evidence_measurement_mismatch}},
        {"RTMR0", pin("rtmr0", 0xa0), {}},
        {"another RTMR0", pin("rtmr0", 0xa1), {evidence_measurement_mismatch}},
        {"RTMR3", pin("rtmr3", 0xa3), {}},
        {"another RTMR3", pin("rtmr3", 0xa2), {evidence_measurement_mismatch}},
        {"MRSEAM", pin("mrseam", 0x5e), {}},
        {"another MRSEAM", pin("mrseam", 0), {evidence_measurement_mismatch}},
        {"MRCONFIGID", pin("mrconfigid", 0xc1), {}},
        {"another MRCONFIGID", pin("mrconfigid", 0xc2), {evidence_measurement_mismatch}},
        {"MROWNER", pin("mrowner", 0x02), {}},
        {"another MROWNER", pin("mrowner", 0x03), {evidence_measurement_mismatch}},
        {"MROWNERCONFIG", pin("mrownerconfig", 0x0c), {}},
        {"another MROWNERCONFIG", pin("mrownerconfig", 0x0d), {evidence_measurement_mismatch}},
        {"an MRTD that was allowed until yesterday",
         [](Rig& r) {
             r.lines = "mrtd = { value = '" + hex_encode(Bytes(48, 0x7d)) + "', until = '2026-01-14T00:00:00Z' }\n";
         },
         {evidence_measurement_mismatch}},
        {"listed", with_lines("fmspcs = ['90C06F000000']\nppids = ['" + ninety_nine + "']\n"), {}},
        {"another FMSPC", with_lines("fmspcs = ['00806f050000']\n"), {evidence_platform_denied}},
        {"another PPID", with_lines("ppids = ['" + std::string(32, '0') + "']\n"), {evidence_platform_denied}},
        {"a denied FMSPC", with_lines("deny_fmspcs = ['90c06f000000']\n"), {evidence_platform_denied}},
        {"a PPID both listed and denied",
         with_lines("ppids = ['" + ninety_nine + "']\ndeny_ppids = ['" + ninety_nine + "']\n"),
         {evidence_platform_denied}},
    });
}

TEST(TdxVerdict, GoesByIntelsStatusAndThePolicysAcceptance) {
    const Change old_platform = [](Rig& r) { r.sgx.components[0] = 3; };
    const Change old_qe = [](Rig& r) { r.quote.qe.isv_svn = 4; };
    const Change old_module = [](Rig& r) { r.quote.td.tee_tcb_svn[0] = 3; };
    const Change accept = with_lines("statuses = ['UpToDate', 'OutOfDate']\n");
    const Reasons refused{evidence_tcb_status};
    expect_each({
        {"an old platform", old_platform, refused},
        {"an old QE", old_qe, refused},
        {"an old module", old_module, refused},
        {"an old platform, accepted", both(old_platform, accept), {}},
        {"old, with its advisory", both(both(old_platform, accept), with_lines("advisories = ['SA-PLATFORM']\n")), {}},
        {"old, with other advisories", both(both(old_platform, accept), with_lines("advisories = ['SA-QE']\n")),
         refused},
        {"old, with none", both(both(old_platform, accept), with_lines("advisories = []\n")), refused},
        {"up to date is not in the set", with_lines("statuses = ['OutOfDate']\n"), refused},
        {"a revoked module", both([](Rig& r) { r.quote.td.tee_tcb_svn[0] = 1; }, accept), refused},
        {"no level", both([](Rig& r) { r.sgx.components[4] = 0; }, accept), refused},
        {"no QE level", both([](Rig& r) { r.quote.qe.isv_svn = 1; }, accept), refused},
    });
    Rig rig;
    old_platform(rig), old_qe(rig), old_module(rig);
    const Verdict verdict = rig.make().judge();
    EXPECT_EQ(verdict.claims.at("tcb_status"), "OutOfDate");
    EXPECT_EQ(verdict.claims.at("tcb_qe"), "OutOfDate");
    EXPECT_EQ(verdict.claims.at("advisories"), "SA-MODULE SA-PLATFORM SA-QE");
}

TEST(TdxVerdict, NamesAllThatIsWrong) {
    Rig rig;
    rig.quote.td.attributes = attribute::kDebug | attribute::kMigratable;
    rig.pck.until = day(2026, 1, 14);
    rig.sgx.components[0] = 3;
    rig.lines += "rtmr0 = '" + std::string(96, '0') + "'\n";
    rig.after_signing = [](auto& f, auto&) { f.signature[0] ^= 1; };
    EXPECT_EQ(reasons(rig.make().judge()),
              (Reasons{evidence_signature_invalid, evidence_certificate_expired, evidence_tcb_status, evidence_debug,
                       evidence_configuration_mismatch, evidence_migratable, evidence_measurement_mismatch}));
}

TEST(TdxVerdict, OfTheRealKindTrustsNoRootButIntels) {
    Exchange exchange = Rig{}.make();
    exchange.kind = kKind;
    exchange.rules = *parse(kKind, Rig{}.lines);
    EXPECT_EQ(reasons(exchange.judge()), Reasons{evidence_chain_invalid});
}

TEST(TdxVerdict, OnBytesThatAreNoEvidence) {
    const Exchange exchange = Rig{}.make();
    const Verifier& verifier = *find_verifier(kSimulatedKind);
    const Bytes introduction = encode_introduction();
    CollateralReader reader(exchange.collateral);
    const auto judge = [&](ByteView said, ByteView evidence) {
        return reasons(
            verifier.verify({said, {}, evidence, exchange.binding, exchange.at, {}, &reader}, *exchange.rules));
    };
    EXPECT_EQ(judge(introduction, {}), Reasons{evidence_malformed});
    EXPECT_EQ(judge(introduction, encode(Evidence{Bytes(700, 1)})), Reasons{evidence_wrong_type});
    EXPECT_EQ(judge(introduction, encode(Evidence{ByteView(exchange.quote).first(1000)})), Reasons{evidence_malformed});
    EXPECT_EQ(judge({}, encode(Evidence{exchange.quote})), Reasons{evidence_malformed});
    EXPECT_EQ(judge(introduction, encode(Evidence{exchange.quote})), Reasons{});
}

TEST(TdxRequest, AsksWhoeverIntroducesItselfAndEnrolsNoKeys) {
    const Verifier& verifier = *find_verifier(kKind);
    const auto rules = parse(kKind, Rig{}.lines);
    ASSERT_TRUE(rules);
    const auto request = verifier.request(encode_introduction(), **rules, {}, day(2026, 1, 15));
    ASSERT_TRUE(request);
    EXPECT_TRUE(decode_request(request->for_collector));
    EXPECT_FALSE(verifier.request(Bytes{1}, **rules, {}, day(2026, 1, 15)));
    EXPECT_FALSE(verifier.check_key("ppid:00"));
}

// One event of 48 bytes `digest` in register `index` of the log, and what it leads to.
Bytes log_of(std::uint32_t index, ByteView digest) {
    Bytes out = test::EventLogBuilder::header({{0x000c, 48}});
    append(out, Bytes(test::ByteBuilder().le32(index).le32(1).le32(1).le16(0x000c).raw(digest).le32(0)));
    return out;
}

TEST(TdxVerifier, FollowsTheFirmwaresLogWhereThePolicyWantsOne) {
    const Bytes zero(48), digest(48, 0x33), value = crypto::digest(crypto::Hash::sha384, {zero, digest});
    Rig rig;
    rig.quote.td.rtmr = {zero, value, zero, Bytes(48, 0xa3)};
    rig.lines += "require_event_log = true\n";
    Exchange exchange = rig.make();
    EXPECT_EQ(reasons(exchange.judge()), Reasons{Reason::evidence_event_log_missing});
    exchange.event_log = log_of(2, digest);
    EXPECT_EQ(reasons(exchange.judge()), Reasons{}) << "RTMR3 is not the firmware's";
    exchange.event_log = log_of(1, digest);
    EXPECT_EQ(reasons(exchange.judge()), Reasons(2, Reason::evidence_event_log_mismatch)) << "RTMR0 and RTMR1";
    exchange.event_log = log_of(0, digest);
    EXPECT_EQ(reasons(exchange.judge()), Reasons{Reason::evidence_malformed});
    rig.lines += "event_log_rtmrs = [1, 3]\n";
    exchange = rig.make();
    exchange.event_log = log_of(2, digest);
    EXPECT_EQ(reasons(exchange.judge()), Reasons{Reason::evidence_event_log_mismatch}) << "RTMR3, if asked for";
    const auto asked = find_verifier(kSimulatedKind)->request(encode_introduction(), *exchange.rules, {}, exchange.at);
    EXPECT_TRUE(decode_request(asked->for_collector)->event_log);
}

TEST(TdxMutants, OfASimulatedQuoteAreRefused) {
    Exchange exchange = Rig{}.make();
    ASSERT_TRUE(exchange.judge().affirming());
    EXPECT_EQ(expect_every_flip_refused(exchange.quote), 8u * (632 + 64 + 64 + 384 + 64 + 32));
}

TEST(TdxMutants, OfCollateralAreRefused) {
    Exchange exchange;
    std::shared_ptr<crypto::PublicKey> signer;
    std::map<std::string, std::shared_ptr<crypto::Certificate>> issuers;
    Rig rig;
    rig.bend_collateral = [&](Collateral&, const Rig::Keys& keys) {
        const auto certificate = [](const Signer& one) {
            return std::make_shared<crypto::Certificate>(*crypto::Certificate::from_pem(one.pem()));
        };
        signer = std::make_shared<crypto::PublicKey>(*certificate(keys.signer)->public_key());
        issuers = {{"intel/root-crl", certificate(keys.root)}, {"intel/pck-crl/platform", certificate(keys.authority)}};
    };
    exchange = rig.make();
    for (const auto& [name, member] : {std::pair<std::string, std::string>{"intel/tcb-info/90c06f000000", "tcbInfo"},
                                       {"intel/td-qe-identity", "enclaveIdentity"}}) {
        Bytes& bytes = exchange.collateral[name];
        const auto opened = open_document(bytes, member, *signer);
        ASSERT_TRUE(opened);
        const auto from = static_cast<std::size_t>(opened->data() - bytes.data());
        for (std::size_t at = 0; at < from + opened->size(); ++at) {
            bytes[at] ^= static_cast<std::uint8_t>(1U << at % 8);
            ASSERT_FALSE(open_document(bytes, member, *signer)) << name << " byte " << at;
            bytes[at] ^= static_cast<std::uint8_t>(1U << at % 8);
        }
    }
    for (const auto& [name, issuer] : issuers) {
        Bytes& bytes = exchange.collateral[name];
        ASSERT_TRUE(known_list(nullptr, bytes, {}, *issuer));
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
            ASSERT_FALSE(known_list(nullptr, bytes, {}, *issuer)) << name << " bit " << bit;
            bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        }
    }
}

}  // namespace
}  // namespace ct::attest::tdx
