// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/policy.h"

#include "tdx_rig.h"

namespace ct::attest::tdx {
namespace {

const std::string kValue = std::string(96, '5');
const std::string kLine = "mrtd = '" + kValue + "'\n";

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): the verifier's own
const TdxPolicy& fields(const std::shared_ptr<const KindPolicy>& policy) {
    return static_cast<const TdxPolicy&>(*policy);
}

std::string repeated(const std::string& text, unsigned times) {
    std::string out;
    for (unsigned i = 0; i < times; ++i)
        out += text;
    return out;
}

TEST(TdxPolicy, HasCarefulDefaults) {
    const auto parsed = parse(kKind, kLine);
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    const TdxPolicy& policy = fields(*parsed);
    EXPECT_EQ(policy.statuses, std::set{TcbStatus::up_to_date});
    EXPECT_FALSE(policy.advisories);
    EXPECT_TRUE(policy.require_crl);
    EXPECT_FALSE(policy.allow_sept_ve);
    EXPECT_EQ(policy.evaluation_floor, 0u);
    EXPECT_EQ(policy.measurements.size(), 1u);
    EXPECT_EQ(policy.measurements.at("mrtd")[0].until, WallTime::max());
}

TEST(TdxPolicy, ReadsEveryKey) {
    std::string lines = kLine;
    for (const std::string name :
         {"rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrseam", "mrconfigid", "mrowner", "mrownerconfig", "mrservicetd"})
        lines += name + " = ['" + kValue + "', { value = '" + std::string(96, 'A') +
                 "', until = '2026-12-31T23:59:59Z' }]\n";
    lines +=
        "statuses = ['UpToDate', 'ConfigurationAndSWHardeningNeeded']\nadvisories = ['INTEL-SA-00001']\n"
        "evaluation_floor = 17\nrequire_crl = false\nallow_sept_ve = true\nfmspcs = ['90c06f000000']\n"
        "deny_fmspcs = ['000000000000']\nppids = ['00112233445566778899aabbccddeeff']\n"
        "deny_ppids = ['ffffffffffffffffffffffffffffffff']\nroots = 'maker.pem'\n";
    const auto root = test::Signer::make(nullptr, {"r", day(2026, 1, 1), day(2027, 1, 1), true, 1, {}});
    const auto parsed = parse(kSimulatedKind, lines, {{"maker.pem", root.pem()}});
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    const TdxPolicy& policy = fields(*parsed);
    EXPECT_EQ(policy.measurements.size(), 10u);
    EXPECT_EQ(policy.measurements.at("rtmr2")[1].value, Bytes(48, 0xaa));
    EXPECT_EQ(policy.measurements.at("rtmr2")[1].until, day(2026, 12, 31) + std::chrono::hours(24) - Seconds(1));
    EXPECT_EQ(policy.statuses.size(), 2u);
    EXPECT_EQ(policy.advisories->size(), 1u);
    EXPECT_EQ(policy.evaluation_floor, 17u);
    EXPECT_FALSE(policy.require_crl);
    EXPECT_TRUE(policy.allow_sept_ve);
    EXPECT_EQ(policy.fmspcs.size() + policy.deny_fmspcs.size() + policy.ppids.size() + policy.deny_ppids.size(), 4u);
    EXPECT_EQ(policy.roots.size(), 1u);
    EXPECT_TRUE(parse(kSimulatedKind, kLine + "roots = '''" + root.pem() + "'''\n"));
}

TEST(TdxPolicy, IsRefusedForEachMistakeWithItsLine) {
    struct Case {
        std::string_view what;
        std::string lines;
        unsigned line;  // of the mistake; the table's head is line 1
        std::string_view kind = kKind;
    };
    for (const Case& one : std::vector<Case>{
             {"no MRTD", "rtmr0 = '" + kValue + "'\n", 1},
             {"an empty list", "mrtd = []\n", 2},
             {"a number", "mrtd = 7\n", 2},
             {"a value too short", "mrtd = 'aa'\n", 2},
             {"a value that is not hexadecimal", "mrtd = '" + std::string(96, 'x') + "'\n", 2},
             {"an end without a value", kLine + "rtmr0 = { until = '2026-12-31T00:00:00Z' }\n", 3},
             {"an end in another form", kLine + "rtmr0 = { value = '" + kValue + "', until = '31.12.2026' }\n", 3},
             {"a day that is none", kLine + "rtmr0 = { value = '" + kValue + "', until = '2026-02-30T00:00:00Z' }\n",
              3},
             {"an hour that is none", kLine + "rtmr0 = { value = '" + kValue + "', until = '2026-02-20T24:00:00Z' }\n",
              3},
             {"another key in it", kLine + "rtmr0 = { value = '" + kValue + "', from = '2026-12-31T00:00:00Z' }\n", 3},
             {"RTMR4", kLine + "rtmr4 = '" + kValue + "'\n", 3},
             {"no status", kLine + "statuses = []\n", 3},
             {"a status that is none", kLine + "statuses = ['uptodate']\n", 3},
             {"a status that is no word", kLine + "statuses = [1]\n", 3},
             {"revoked", kLine + "statuses = ['UpToDate', 'Revoked']\n", 3},
             {"advisories that are no list", kLine + "advisories = 'INTEL-SA-1'\n", 3},
             {"more advisories than anybody reads",
              kLine + "advisories = [" + repeated("'INTEL-SA-00001',", 257) + "]\n", 3},
             {"more values than anybody builds", "mrtd = [" + repeated("'" + kValue + "',", 257) + "]\n", 2},
             {"a log that is neither required nor not", kLine + "require_event_log = 1\n", 3},
             {"exceptions that are neither allowed nor not", kLine + "allow_sept_ve = 'no'\n", 3},
             {"denied FMSPCs that are numbers", kLine + "deny_fmspcs = [1]\n", 3},
             {"a denied PPID that is too short", kLine + "deny_ppids = ['00']\n", 3},
             {"a negative evaluation", kLine + "evaluation_floor = -1\n", 3},
             {"lists that are neither required nor not", kLine + "require_crl = 'yes'\n", 3},
             {"a long FMSPC", kLine + "fmspcs = ['90c06f00000000']\n", 3},
             {"an empty list of PPIDs", kLine + "ppids = []\n", 3},
             {"registers of a log that is not required", kLine + "event_log_rtmrs = [0]\n", 3},
             {"a log of RTMR4", kLine + "require_event_log = true\nevent_log_rtmrs = [4]\n", 4},
             {"a log of nothing", kLine + "require_event_log = true\nevent_log_rtmrs = []\n", 4},
             {"roots for the real kind", kLine + "roots = 'maker.pem'\n", 3},
             {"no roots for the simulated kind", kLine, 1, kSimulatedKind},
             {"roots that are nowhere", kLine + "roots = 'absent.pem'\n", 3, kSimulatedKind},
             {"roots that are none", kLine + "roots = 'none.pem'\n", 3, kSimulatedKind},
         }) {
        const auto parsed = parse(one.kind, one.lines, {{"none.pem", "no certificate"}});
        ASSERT_FALSE(parsed) << one.what;
        EXPECT_EQ(parsed.error().reason, Reason::config_invalid) << one.what;
        EXPECT_EQ(parsed.error().context.find("p.toml:" + std::to_string(one.line) + ":"), 0u)
            << one.what << ": " << parsed.error().context;
    }
}

}  // namespace
}  // namespace ct::attest::tdx
