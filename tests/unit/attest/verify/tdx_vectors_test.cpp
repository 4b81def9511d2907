// SPDX-License-Identifier: Apache-2.0
// Quotes of real TDs with Intel's collateral of their day. None of them is over a binding of ours, so each is refused for that;
// what counts is what else is found.
#include "codec/json.h"
#include "support/vectors.h"
#include "tdx_rig.h"

namespace ct::attest::tdx {
namespace {

using enum Reason;
using test::read_vector;

// A set of files as they were fetched in one month, for one FMSPC.
Collateral dated(const std::string& month, const std::string& fmspc) {
    const std::string set = "tdx/collateral-" + month;
    return {{"intel/tcb-info/" + fmspc, read_vector(set + ".tcbinfo-" + fmspc + ".json")},
            {"intel/td-qe-identity", read_vector(set + ".td-qe-identity.json")},
            {"intel/tcb-signing-chain", read_vector("tdx/tcb-signing-chain.pem")},
            {"intel/pck-crl/platform", read_vector(set + ".pck-platform.crl.der")},
            {"intel/root-crl", read_vector(set + ".root.crl.der")}};
}

// One JSON with all parts as strings; the documents are put back into the form in which Intel sends them.
Collateral packed(const std::string& name, const std::string& fmspc) {
    auto document =
        json::Document::parse(*SecretBuffer::copy_of(read_vector("tdx/" + name + ".collateral.json")), json::Limits{});
    EXPECT_TRUE(document);
    const auto part = [&](std::string_view key) { return std::string(document->root().find(key)->text()); };
    const auto body = [&](const std::string& member, const std::string& key) {
        return to_vector(
            as_bytes("{\"" + member + "\":" + part(key) + ",\"signature\":\"" + part(key + "_signature") + "\"}"));
    };
    return {{"intel/tcb-info/" + fmspc, body("tcbInfo", "tcb_info")},
            {"intel/td-qe-identity", body("enclaveIdentity", "qe_identity")},
            {"intel/tcb-signing-chain", to_vector(as_bytes(part("tcb_info_issuer_chain")))},
            {"intel/pck-crl/platform", *hex_decode(part("pck_crl"), 1 << 16)},
            {"intel/root-crl", *hex_decode(part("root_ca_crl"), 1 << 16)}};
}

Exchange real(const std::string& name, Collateral collateral, WallTime at, const std::string& lines = {}) {
    Exchange out;
    out.kind = kKind;
    out.quote = read_vector(name);
    out.collateral = std::move(collateral);
    out.at = at;
    const auto quote = parse_quote(out.quote);
    EXPECT_TRUE(quote) << quote.error().to_string();
    const std::string mr_td = hex_encode(quote ? quote->td.mr_td : ByteView(Bytes(48)));
    out.rules = *parse(kKind, "mrtd = '" + mr_td + "'\n" + lines);
    return out;
}
Exchange quote(const std::string& name, Collateral collateral, WallTime at, const std::string& lines = {}) {
    return real("tdx/" + name + ".quote.bin", std::move(collateral), at, lines);
}

void expect(const Exchange& exchange, Reasons others, const std::string& status, const std::string& module,
            const std::string& what) {
    const Verdict verdict = exchange.judge();
    Reasons found = reasons(verdict);
    const auto nonce = std::ranges::find(found, evidence_nonce_mismatch);
    ASSERT_NE(nonce, found.end()) << what;
    found.erase(nonce);
    EXPECT_EQ(found, others) << what << "\n" << words(verdict);
    EXPECT_EQ(verdict.claims.at("tcb_status"), status) << what;
    EXPECT_EQ(verdict.claims.at("tcb_module"), module) << what;
    EXPECT_EQ(verdict.claims.at("tcb_qe"), "UpToDate") << what;
}

const std::string kSpr = "50806f000000", kSpr2 = "00806f050000", kEmr = "90c06f000000", kEmrPhala = "b0c06f000000";

TEST(TdxVectors, OfUpToDatePlatformsLackOnlyOurBinding) {
    CT_NEEDS_VECTORS();
    expect(quote("emr-v4-phala", packed("emr-v4-phala", kEmrPhala), day(2025, 7, 1)), {}, "UpToDate", "UpToDate",
           "emr-v4-phala");
    expect(quote("emr-v5-gotdx", dated("2026-03", kEmr), day(2026, 3, 20)), {}, "UpToDate", "UpToDate", "emr-v5-gotdx");
    expect(quote("spr-v4-gcp-cos113", dated("2025-07", kSpr2), day(2025, 7, 20)), {}, "UpToDate", "UpToDate",
           "spr-v4-gcp-cos113");
}

TEST(TdxVectors, WithTheirFirmwaresLogReplayToTheirRegisters) {
    CT_NEEDS_VECTORS();
    Exchange exchange = quote("spr-v4-gcp-cos113", dated("2025-07", kSpr2), day(2025, 7, 20),
                              "require_event_log = true\nevent_log_rtmrs = [0, 1, 2, 3]\n");
    EXPECT_EQ(reasons(exchange.judge()), (Reasons{evidence_nonce_mismatch, evidence_event_log_missing}));
    exchange.event_log = read_vector("tdx/spr-v4-gcp-cos113.ccel.bin");
    expect(exchange, {}, "UpToDate", "UpToDate", "with its log");
    exchange.event_log.resize(1 << 16, 0xff);
    expect(exchange, {}, "UpToDate", "UpToDate", "with the whole area of its log");
    constexpr std::size_t first_digest = 32 + 33 + 12 + 2;
    exchange.event_log[first_digest] ^= 1;
    expect(exchange, {evidence_event_log_mismatch}, "UpToDate", "UpToDate", "with an event that was not");
}

TEST(TdxVectors, BelowEveryLevelOrOutOfDateAreRefusedForTheirStatus) {
    CT_NEEDS_VECTORS();
    expect(quote("emr-v5-phala", packed("emr-v5-phala", kEmr), day(2026, 3, 1)), {evidence_tcb_status}, "none",
           "UpToDate", "emr-v5-phala");
    const auto outdated = [](const std::string& lines) {
        return quote("spr-v4-outofdate", dated("2025-07", kSpr2), day(2025, 7, 20), lines);
    };
    expect(outdated(""), {evidence_tcb_status}, "OutOfDate", "UpToDate", "spr-v4-outofdate");
    expect(outdated("statuses = ['OutOfDate']\n"), {}, "OutOfDate", "UpToDate", "accepted");
    EXPECT_EQ(outdated("").judge().claims.at("advisories"), "INTEL-SA-00960 INTEL-SA-00982 INTEL-SA-00986");
    expect(outdated("statuses = ['OutOfDate']\nadvisories = ['INTEL-SA-00960', 'INTEL-SA-00982']\n"),
           {evidence_tcb_status}, "OutOfDate", "UpToDate", "one advisory too many");
    // An Azure TD: module and platform are old, and SEPT_VE_DISABLE is clear.
    expect(real("tpm/azure-spr-tdx.td-quote.bin", dated("2025-07", kSpr2), day(2025, 7, 20), "allow_sept_ve = true\n"),
           {evidence_tcb_status}, "OutOfDate", "OutOfDate", "azure-spr-tdx");
}

// The certificate of the collateral's signer at hand is of 2025; its key signed in 2023 as well.
TEST(TdxVectors, Of2023HaveTheVerdictOfTheirMonth) {
    CT_NEEDS_VECTORS();
    const auto at = day(2023, 6, 20);
    expect(quote("spr-v4-intel", dated("2023-06", kSpr), at, "allow_sept_ve = true\n"),
           {evidence_collateral_expired, evidence_tcb_status}, "none", "none", "spr-v4-intel");
    expect(quote("spr-v4-intel", dated("2023-06", kSpr), at),
           {evidence_collateral_expired, evidence_tcb_status, evidence_configuration_mismatch}, "none", "none",
           "spr-v4-intel, strictly");
    // The same quote with collateral of another month is another verdict; a debug TD stays one.
    expect(quote("spr-v4-debug", dated("2023-06", kSpr), at), {evidence_collateral_expired, evidence_debug}, "UpToDate",
           "none", "spr-v4-debug in 2023");
    expect(quote("spr-v4-debug", dated("2026-03", kSpr), day(2026, 3, 20)), {evidence_tcb_status, evidence_debug},
           "OutOfDate", "none", "spr-v4-debug in 2026");
}

TEST(TdxVectors, WithCollateralPastItsEndAreRefused) {
    CT_NEEDS_VECTORS();
    // TCB info, QE identity and the list of the PCK CA end together.
    const Reasons ended(3, evidence_collateral_expired);
    expect(quote("emr-v4-phala", packed("emr-v4-phala", kEmrPhala), day(2025, 7, 21)), ended, "UpToDate", "UpToDate",
           "emr-v4-phala");
    expect(quote("emr-v5-gotdx", dated("2026-03", kEmr), day(2026, 4, 17)), ended, "UpToDate", "UpToDate",
           "emr-v5-gotdx");
    expect(quote("spr-v4-gcp-cos113", dated("2025-07", kSpr2), day(2025, 8, 8)), ended, "UpToDate", "UpToDate",
           "spr-v4-gcp-cos113");
}

TEST(TdxVectors, OfSgxIsOfAnotherType) {
    CT_NEEDS_VECTORS();
    Exchange exchange = quote("emr-v5-gotdx", dated("2026-03", kEmr), day(2026, 3, 20));
    exchange.quote = read_vector("tdx/neg-sgx-v3.quote.bin");
    EXPECT_EQ(reasons(exchange.judge()), Reasons{evidence_wrong_type});
}

TEST(TdxVectors, AlteredAreRefusedForWhatWasAltered) {
    CT_NEEDS_VECTORS();
    for (const std::string name : {"emr-v4-phala", "emr-v5-gotdx", "spr-v4-gcp-cos113"}) {
        const Exchange sound = quote(name, {}, day(2026, 3, 20));
        const Reasons before = reasons(sound.judge());
        const auto view = parse_quote(sound.quote);
        const auto offset = [&](ByteView part) { return static_cast<std::size_t>(part.data() - sound.quote.data()); };
        struct Case {
            std::string_view what;
            std::size_t at;
            Reason reason;
        };
        for (const Case& one : std::vector<Case>{
                 {"header", 30, evidence_signature_invalid},
                 {"last byte of the body but for the binding", offset(view->td.rtmr[3]) + 47,
                  evidence_signature_invalid},
                 {"QE report", offset(view->qe_report) + 256, evidence_signature_invalid},
                 {"QE authentication data", offset(view->qe_auth_data), evidence_binding_mismatch},
             }) {
            Exchange altered = sound;
            altered.quote[one.at] ^= 1;
            Reasons expected = before;
            expected.insert(expected.begin(), one.reason);
            EXPECT_EQ(reasons(altered.judge()), expected) << name << ": " << one.what;
        }
        Exchange longer = sound;
        longer.quote.resize(longer.quote.size() + 100, 0xff);
        EXPECT_EQ(reasons(longer.judge()), before) << name;
    }
}

TEST(TdxMutants, OfARealQuoteAreRefused) {
    CT_NEEDS_VECTORS();
    EXPECT_EQ(expect_every_flip_refused(read_vector("tdx/emr-v5-gotdx.quote.bin")),
              8u * (702 + 64 + 64 + 384 + 64 + 32));
}

}  // namespace
}  // namespace ct::attest::tdx
