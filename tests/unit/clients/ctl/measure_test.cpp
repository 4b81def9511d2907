// SPDX-License-Identifier: Apache-2.0
// What the values are is shown in tests/unit/attest/measure; here that a policy takes the lines as they are.
#include <gtest/gtest.h>

#include "attest/verify/verifier.h"
#include "clients/ctl/commands.h"
#include "config/tree.h"
#include "support/firmware_builder.h"
#include "support/pe_builder.h"
#include "support/process.h"
#include "told.h"

namespace ct::ctl {
namespace {

// The error of a policy table of these lines; empty: there is none.
std::string policy_error(std::string_view kind, const std::string& lines) {
    const auto document = config::Document::parse("[t]\n" + lines, "p.toml");
    if (!document) return document.error().to_string();
    const auto policy = attest::find_verifier(kind)->parse_policy(*document->root().get("t"));
    return policy ? "" : policy.error().to_string();
}

class Measure : public testing::Test {
protected:
    Measure() {
        folder_.write("ovmf", as_text(ct::test::FirmwareBuilder{}.image()));
        folder_.write("kernel", "a kernel");
        folder_.write("initrd", "an initrd");
    }
    test::Told snp(MeasureSnpOptions options, Output::Mode mode = Output::Mode::plain) {
        options.firmware = folder_.file("ovmf");
        return test::told([&](Output& out) { return measure_snp(options, out); }, mode);
    }
    ct::test::TempDir folder_;
};

TEST_F(Measure, LinesAreAPolicysOwn) {
    const auto launch = snp({.processors = {1, 4}, .cpu = "EPYC-Milan"});
    EXPECT_EQ(launch.code, 0) << launch.text;
    EXPECT_EQ(policy_error("sev-snp", launch.text), "") << launch.text;
    EXPECT_NE(launch.text.find("7cc4aba4f42a7d3d"), std::string::npos) << "of one processor";
    EXPECT_NE(launch.text.find("1a251e4a47cf220e"), std::string::npos) << "of four";

    const auto tdx = test::told([&](Output& out) { return measure_tdx(folder_.file("ovmf"), out); });
    EXPECT_EQ(tdx.code, 0) << tdx.text;
    EXPECT_EQ(policy_error("tdx", tdx.text), "") << tdx.text;

    ct::test::PeBuilder image;
    image.sections = {{".sdmagic", to_vector(as_bytes("#### LoaderInfo: systemd-stub 252 ####"))},
                      {".linux", Bytes(100, 1)}};
    folder_.write("uki", as_text(image.file()));
    for (const char* bank : {"sha256", "sha384"}) {
        const auto uki = test::told([&](Output& out) { return measure_uki({folder_.file("uki"), bank}, out); });
        EXPECT_EQ(uki.code, 0) << uki.text;
        EXPECT_EQ(policy_error("tpm2", "enrolled = true\n" + uki.text), "") << uki.text;
    }
}

TEST_F(Measure, SaysWhatItDoesNotCover) {
    EXPECT_NE(snp({.cpu = "EPYC"}).text.find("Not covered: all that the firmware loads later"), std::string::npos);
    const auto boot = snp({.processors = {2},
                           .cpu = "EPYC-Milan",
                           .kernel = folder_.file("kernel"),
                           .initrd = folder_.file("initrd"),
                           .command_line = "console=ttyS0 loglevel=7"},
                          Output::Mode::json);
    const auto document = test::parsed(boot.text);
    EXPECT_TRUE(document.root().find("measurements")->first()->find("measurement")->text().starts_with("42be5f2c"));
    EXPECT_EQ(document.root().find("not_covered")->size(), 2U);
}

TEST_F(Measure, RefusesWhatItCantMeasure) {
    EXPECT_NE(snp({.cpu = "Opteron"}).text.find("--cpu-signature"), std::string::npos);
    EXPECT_NE(snp({.signature = "xyz"}).text.find("invalid_argument"), std::string::npos);
    EXPECT_NE(snp({.signature = "100000000"}).text.find("32 bits"), std::string::npos);
    EXPECT_NE(snp({.processors = {0}, .cpu = "EPYC"}).text.find("invalid_argument"), std::string::npos);
    EXPECT_NE(snp({.cpu = "EPYC", .initrd = folder_.file("initrd")}).text.find("--kernel"), std::string::npos);
    EXPECT_EQ(snp({.signature = "0xa00f11"}).text, snp({.cpu = "EPYC-Milan"}).text);
    EXPECT_EQ(snp({.hypervisor = "gce"}).code, 0) << "where the guest is not told its processor";
    folder_.write("ovmf", std::string(4096, '\0'));
    EXPECT_NE(snp({.cpu = "EPYC"}).text.find("no SEV metadata"), std::string::npos);
    folder_.write("ovmf", "short");
    EXPECT_NE(snp({.cpu = "EPYC"}).text.find("malformed: " + folder_.file("ovmf")), std::string::npos);
}

}  // namespace
}  // namespace ct::ctl
