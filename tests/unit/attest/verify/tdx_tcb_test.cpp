// SPDX-License-Identifier: Apache-2.0
// Intel's documents, and the status that follows from them.
#include "attest/verify/tdx/tcb_info.h"

#include "attest/verify/tdx/collateral.h"
#include "tdx_rig.h"

namespace ct::attest::tdx {
namespace {

using enum TcbStatus;
using Status = std::optional<TcbStatus>;

TcbInfo info_of(const TcbInfoFields& fields) {
    auto parsed = parse_tcb_info(as_bytes(fields.json()));
    EXPECT_TRUE(parsed) << parsed.error().to_string();
    return parsed ? std::move(*parsed) : TcbInfo{};
}

TEST(TdxTcbInfo, GivesEveryField) {
    const TcbInfo info = info_of({});
    EXPECT_EQ(info.issued, day(2026, 1, 1));
    EXPECT_EQ(info.next_update, day(2026, 1, 31));
    EXPECT_EQ(hex_encode(info.fmspc), "90c06f000000");
    EXPECT_EQ(info.evaluation, 18u);
    ASSERT_EQ(info.modules.size(), 1u);
    EXPECT_EQ(info.modules[0].version, 1);
    EXPECT_EQ(info.modules[0].levels[1].advisories, std::vector<std::string>{"SA-MODULE"});
    ASSERT_EQ(info.levels.size(), 3u);
    EXPECT_EQ(info.levels[0].sgx[7], 5);
    EXPECT_EQ(info.levels[0].tdx[2], 3);
    EXPECT_EQ(info.levels[2].pce_svn, 5);
    EXPECT_EQ(info.levels[2].status, revoked);
}

TEST(TdxTcbInfo, IsSortedWhateverItsOrder) {
    TcbInfoFields fields;
    std::ranges::reverse(fields.levels);
    std::ranges::reverse(fields.modules[0].levels);
    const TcbInfo info = info_of(fields);
    EXPECT_EQ(info.levels[0].pce_svn, 13);
    EXPECT_EQ(info.levels[2].pce_svn, 5);
    EXPECT_EQ(info.modules[0].levels[0].isv_svn, 5);
    fields.levels = {{{1}, {1}, 1, "OutOfDate"}, {{1}, {1}, 2, "OutOfDate"}, {{1}, {2}, 0, "UpToDate"}};
    const TcbInfo close = info_of(fields);
    EXPECT_EQ(close.levels[0].tdx[0], 2);
    EXPECT_EQ(close.levels[1].pce_svn, 2);
}

TEST(TdxTcbInfo, IsRefusedForEachFieldThatIsMissingOrWrong) {
    const std::string good = TcbInfoFields{}.json(), qe = QeIdentityFields{}.json();
    struct Edit {
        std::string_view from, to;
    };
    const auto refused = [](std::string text, const Edit& edit, auto parse_it) {
        const auto at = text.find(edit.from);
        ASSERT_NE(at, std::string::npos) << edit.from;
        text.replace(at, edit.from.size(), edit.to);
        const auto parsed = parse_it(as_bytes(text));
        ASSERT_FALSE(parsed) << edit.from << " -> " << edit.to;
        EXPECT_EQ(parsed.error().reason, Reason::evidence_collateral_invalid) << edit.from;
    };
    for (const Edit& edit : std::vector<Edit>{
             {R"("id":"TDX")", R"("id":"SGX")"},
             {R"("version":3)", R"("version":2)"},
             {R"("version":3)", R"("version":"3")"},
             {"issueDate", "issued"},
             {"2026-01-31T00:00:00Z", "31.01.2026"},
             {"2026-01-31T00:00:00Z", "2026-13-31T00:00:00Z"},
             {R"("fmspc":"90)", R"("fmspc":")"},
             {R"("pceId":"0000)", R"("pceId":"000g)"},
             {R"("tcbType":0)", R"("tcbType":1)"},
             {R"("tcbEvaluationDataNumber":18)", R"("tcbEvaluationDataNumber":-1)"},
             {"tdxModule", "sgxModule"},
             {"mrsigner", "mrsignor"},
             {R"("id":"TDX_01")", R"("id":"TDX_1")"},
             {R"("id":"TDX_01")", R"("id":"SGX_01")"},
             {R"("isvsvn":5)", R"("isvsvn":65536)"},
             {R"("tcbStatus":"UpToDate")", R"("tcbStatus":"Fine")"},
             {R"("tcbStatus":"UpToDate")", R"("tcbStatus":"SWHardeningNeeded")"},  // of a module
             {R"("OutOfDate","advisoryIDs":["SA-PLATFORM"])", R"("TDRelaunchAdvised")"},
             {R"(["SA-MODULE"])", R"([1])"},
             {R"(["SA-MODULE"])", R"([""])"},
             {R"(["SA-MODULE"])", R"("SA-MODULE")"},
             {R"({"svn":4},)", ""},
             {R"({"svn":4})", R"({"svn":256})"},
             {R"("pcesvn":13)", R"("pcesvn":1.5)"},
             {"tdxtcbcomponents", "tcbcomponents"},
             {"{", "["},
         })
        refused(good, edit, parse_tcb_info);
    for (const Edit& edit : std::vector<Edit>{
             {R"("id":"TD_QE")", R"("id":"QE")"},
             {R"("version":2)", R"("version":3)"},
             {"miscselectMask", "mask"},
             {R"("attributes":"11)", R"("attributes":")"},
             {"mrsigner", "mrenclave"},
             {R"("isvprodid":2)", R"("isvprodid":null)"},
             {R"("isvsvn":6)", R"("isvsvn":"6")"},
         })
        refused(qe, edit, parse_qe_identity);
    TcbInfoFields none;
    none.levels.clear();
    EXPECT_FALSE(parse_tcb_info(as_bytes(none.json())));
    EXPECT_FALSE(parse_tcb_info({}));
    EXPECT_FALSE(parse_qe_identity(as_bytes("null")));
}

// What a platform of the rig is made of, as far as its status depends on it.
struct Platform {
    TcbInfoFields info;
    QeIdentityFields qe;
    test::TdFields td;
    Pck pck;
    std::uint16_t qe_svn = 6;
    bool td15 = false;

    Platform() {
        const test::SgxFields sgx;
        std::ranges::transform(sgx.components, pck.components.begin(),
                               [](unsigned one) { return static_cast<std::uint8_t>(one); });
        pck.pce_svn = static_cast<std::uint16_t>(sgx.pce_svn);
    }
    [[nodiscard]] Assessment assess() const {
        TdReport report;
        report.tee_tcb_svn = td.tee_tcb_svn;
        if (td15) report.tee_tcb_svn2 = td.tee_tcb_svn2;
        const auto identity = parse_qe_identity(as_bytes(qe.json()));
        EXPECT_TRUE(identity);
        return tdx::assess(info_of(info), *identity, pck, report, qe_svn);
    }
};

struct Case {
    std::string_view what;
    std::function<void(Platform&)> change;
    Status platform, module, qe, all;
};
void expect_each(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        Platform platform;
        one.change(platform);
        const Assessment found = platform.assess();
        EXPECT_EQ(found.platform, one.platform) << one.what;
        EXPECT_EQ(found.module, one.module) << one.what;
        EXPECT_EQ(found.qe, one.qe) << one.what;
        EXPECT_EQ(found.status, one.all) << one.what;
    }
}
constexpr Status kNone = std::nullopt;

TEST(TdxTcbStatus, IsOfTheFirstLevelThatAllComponentsReach) {
    expect_each({
        {"latest", [](auto&) {}, up_to_date, up_to_date, up_to_date, up_to_date},
        {"above", [](auto& p) { p.pck.components.fill(255), p.pck.pce_svn = 99; }, up_to_date, up_to_date, up_to_date,
         up_to_date},
        {"one component below", [](auto& p) { p.pck.components[1] = 3; }, out_of_date, up_to_date, up_to_date,
         out_of_date},
        {"the PCE below", [](auto& p) { p.pck.pce_svn = 12; }, out_of_date, up_to_date, up_to_date, out_of_date},
        {"revoked", [](auto& p) { p.pck.pce_svn = 6; }, revoked, up_to_date, up_to_date, revoked},
        {"below all", [](auto& p) { p.pck.pce_svn = 4; }, kNone, up_to_date, up_to_date, kNone},
        {"TDX microcode below", [](auto& p) { p.td.tee_tcb_svn[2] = 2; }, revoked, up_to_date, up_to_date, revoked},
        {"TDX below all", [](auto& p) { p.td.tee_tcb_svn[2] = 0; }, kNone, up_to_date, up_to_date, kNone},
        {"a module that has levels of its own is not compared twice",
         [](auto& p) { p.info.levels[0].tdx[0] = 9, p.info.levels[0].tdx[1] = 9; }, up_to_date, up_to_date, up_to_date,
         up_to_date},
        {"one of version 0 is", [](auto& p) { p.td.tee_tcb_svn[1] = 0, p.td.tee_tcb_svn[0] = 4; }, revoked, kNone,
         up_to_date, revoked},
        {"version 0", [](auto& p) { p.td.tee_tcb_svn[1] = 0; }, up_to_date, kNone, up_to_date, up_to_date},
    });
}

TEST(TdxTcbStatus, ConvergesWithModuleAndQe) {
    const auto level = [](const std::string& status) {
        return [status](Platform& p) { p.info.levels[0].status = status, p.td.tee_tcb_svn[0] = 3; };
    };
    const auto qe_level = [](const std::string& status) {
        return [status](Platform& p) { p.info.levels[0].status = status, p.qe_svn = 4; };
    };
    expect_each({
        {"old module", level("UpToDate"), up_to_date, out_of_date, up_to_date, out_of_date},
        {"old module, hardening", level("SWHardeningNeeded"), sw_hardening_needed, out_of_date, up_to_date,
         out_of_date},
        {"old module, configuration", level("ConfigurationNeeded"), configuration_needed, out_of_date, up_to_date,
         out_of_date_configuration_needed},
        {"old module, both", level("ConfigurationAndSWHardeningNeeded"), configuration_and_sw_hardening_needed,
         out_of_date, up_to_date, out_of_date_configuration_needed},
        {"old module, old", level("OutOfDate"), out_of_date, out_of_date, up_to_date, out_of_date},
        {"old module, revoked", level("Revoked"), revoked, out_of_date, up_to_date, revoked},
        {"revoked module", [](auto& p) { p.td.tee_tcb_svn[0] = 2; }, up_to_date, revoked, up_to_date, revoked},
        {"module below all", [](auto& p) { p.td.tee_tcb_svn[0] = 0; }, up_to_date, kNone, up_to_date, kNone},
        {"unknown module", [](auto& p) { p.td.tee_tcb_svn[1] = 2; }, up_to_date, kNone, up_to_date, kNone},
        {"old QE", qe_level("UpToDate"), up_to_date, up_to_date, out_of_date, out_of_date},
        {"old QE, hardening", qe_level("SWHardeningNeeded"), sw_hardening_needed, up_to_date, out_of_date, out_of_date},
        {"old QE, configuration", qe_level("ConfigurationNeeded"), configuration_needed, up_to_date, out_of_date,
         out_of_date_configuration_needed},
        {"old QE, out of date and more", qe_level("OutOfDateConfigurationNeeded"), out_of_date_configuration_needed,
         up_to_date, out_of_date, out_of_date_configuration_needed},
        {"revoked QE", [](auto& p) { p.qe_svn = 3; }, up_to_date, up_to_date, revoked, revoked},
        {"QE below all", [](auto& p) { p.qe_svn = 1; }, up_to_date, up_to_date, kNone, kNone},
    });
}

TEST(TdxTcbStatus, AdvisesARelaunchWhereOnlyTheTdIsOfAnOlderModule) {
    // A TD 1.5 that was launched under module 3 while module 5 runs now.
    const auto with = [](std::function<void(Platform&)> change) {
        return [change](Platform& p) {
            p.td15 = true, p.td.tee_tcb_svn[0] = 3;
            change(p);
        };
    };
    expect_each({
        {"latest module runs", with([](auto&) {}), up_to_date, out_of_date, up_to_date, td_relaunch_advised},
        {"a report that does not say", with([](auto& p) { p.td15 = false; }), up_to_date, out_of_date, up_to_date,
         out_of_date},
        {"an old one runs", with([](auto& p) { p.td.tee_tcb_svn2[0] = 4; }), up_to_date, out_of_date, up_to_date,
         out_of_date},
        {"an old loader", with([](auto& p) { p.td.tee_tcb_svn2[2] = 2; }), up_to_date, out_of_date, up_to_date,
         out_of_date},
        {"a module that Intel does not know runs", with([](auto& p) { p.td.tee_tcb_svn2[1] = 7; }), up_to_date,
         out_of_date, up_to_date, kNone},
        {"version 0 runs", with([](auto& p) { p.td.tee_tcb_svn2[1] = 0; }), up_to_date, out_of_date, up_to_date,
         td_relaunch_advised},
        {"an old version 0 runs", with([](auto& p) { p.td.tee_tcb_svn2[1] = 0, p.td.tee_tcb_svn2[0] = 4; }), up_to_date,
         out_of_date, up_to_date, out_of_date},
        {"configuration needed", with([](auto& p) { p.info.levels[0].status = "ConfigurationNeeded"; }),
         configuration_needed, out_of_date, up_to_date, td_relaunch_advised_configuration_needed},
        {"the platform is old too", with([](auto& p) { p.pck.pce_svn = 12; }), out_of_date, out_of_date, up_to_date,
         out_of_date},
        {"the QE is old too", with([](auto& p) { p.qe_svn = 4; }), up_to_date, out_of_date, out_of_date, out_of_date},
        {"a revoked module", with([](auto& p) { p.td.tee_tcb_svn[0] = 1; }), up_to_date, revoked, up_to_date, revoked},
        {"launched under the latest", with([](auto& p) { p.td.tee_tcb_svn[0] = 5; }), up_to_date, up_to_date,
         up_to_date, up_to_date},
    });
}

TEST(TdxTcbStatus, HasIntelsWords) {
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(revoked); ++i)
        EXPECT_EQ(tcb_status_from(to_string(static_cast<TcbStatus>(i))), static_cast<TcbStatus>(i));
    EXPECT_FALSE(tcb_status_from("uptodate"));
    EXPECT_FALSE(tcb_status_from(""));
}

TEST(TdxDocument, OpensOnlyInTheFormThatIsSigned) {
    const auto signer = test::Signer::make(nullptr, {"s", day(2026, 1, 1), day(2027, 1, 1), true, 1, {}});
    const auto certificate = crypto::Certificate::from_pem(signer.pem());
    const auto key = certificate->public_key();
    const Bytes good = test::signed_document(signer, "tcbInfo", R"({"a":1})");
    const std::string text(as_text(good));
    const auto open = [&](std::string_view document) { return open_document(as_bytes(document), "tcbInfo", *key); };
    ASSERT_TRUE(open(text));
    EXPECT_EQ(as_text(*open(text)), R"({"a":1})");
    EXPECT_TRUE(open(text + " \r\n\t"));
    const auto replaced = [&](std::string_view from, std::string_view to) {
        std::string out = text;
        return out.replace(out.find(from), from.size(), to);
    };
    for (const std::string& bad :
         {std::string(), std::string("{}"), text.substr(1), text.substr(0, text.size() - 1), " " + text, text + "}",
          replaced("tcbInfo", "tcbinfo"), replaced(",\"sig", ", \"sig"), replaced(R"("a":1)", R"("a": 1)"),
          replaced("signature", "signatory"), text.substr(0, text.size() - 4) + "\"}",
          text.substr(0, text.size() - 3) + "g\"}", std::string(70000, ' ') + text}) {
        const auto opened = open(bad);
        ASSERT_FALSE(opened) << bad.substr(0, 300);
        EXPECT_EQ(opened.error().reason, Reason::evidence_collateral_invalid);
    }
}

}  // namespace
}  // namespace ct::attest::tdx
