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
    // Of an image that is a Linux kernel if linux_ says so.
    test::Told direct(MeasureDirectOptions options) {
        ct::test::PeBuilder image;
        image.sections = {{".text", to_vector(as_bytes(std::string(1024, 'k') + stub_words_))}};
        Bytes file = image.file();
        if (linux_) {
            ct::test::PeBuilder::put(file, 0x202, 0x53726448, 4);
            ct::test::PeBuilder::put(file, 0x206, 0x20f, 2);
            ct::test::PeBuilder::put(file, 0x211, 1, 1);
        }
        options.kernel = folder_.write("image", as_text(file));
        return test::told([&](Output& out) { return measure_direct(options, out); });
    }
    bool linux_ = false;
    std::string stub_words_;
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
    ct::test::PeBuilder kernel;
    kernel.sections = {{".text", Bytes(100, 1)}};
    image.sections = {{".sdmagic", to_vector(as_bytes("#### LoaderInfo: systemd-stub 252 ####"))},
                      {".linux", kernel.file()}};
    folder_.write("uki", as_text(image.file()));
    for (const char* bank : {"sha256", "sha384"}) {
        const auto uki = test::told([&](Output& out) { return measure_uki({folder_.file("uki"), bank}, out); });
        EXPECT_EQ(uki.code, 0) << uki.text;
        EXPECT_EQ(policy_error("tpm2", "enrolled = true\n" + uki.text), "") << uki.text;
        const auto direct = this->direct({.bank = bank});
        EXPECT_EQ(direct.code, 0) << direct.text;
        EXPECT_EQ(policy_error("tpm2", "enrolled = true\n" + direct.text), "") << direct.text;
    }
    const auto td = direct({.tdx = true});
    EXPECT_EQ(policy_error("tdx", "mrtd = \"" + std::string(96, '0') + "\"\n" + td.text), "") << td.text;
}

// Kernel or not: what QEMU writes into and what it leaves alone.
TEST_F(Measure, ADirectBootSaysHowTheKernelIsLoaded) {
    EXPECT_NE(direct({}).text.find("\"4\" = "), std::string::npos);
    EXPECT_EQ(direct({}).text.find("\"9\" = "), std::string::npos) << "nobody knows what an image measures";
    EXPECT_NE(direct({.memory = 512}).text.find("--memory has no effect"), std::string::npos);
    EXPECT_NE(direct({.command_line = "a", .load_options = "a"}).text.find("leave out --cmdline"), std::string::npos);

    linux_ = true;
    const std::string words = " LOADED_IMAGE::LoadOptions Linux initrd";
    EXPECT_NE(direct({.plain = true}).text.find("does not measure command line"), std::string::npos);
    stub_words_ = words;
    EXPECT_NE(direct({}).text.find("say --plain"), std::string::npos);
    EXPECT_NE(direct({.memory = 1ULL << 40}).text.find("in MiB"), std::string::npos);
    EXPECT_NE(direct({.plain = true, .tdx = true}).text.find("in a TD"), std::string::npos);
    const auto plain = direct({.command_line = "quiet", .plain = true}),
               patched = direct({.command_line = "quiet", .memory = 512});
    EXPECT_NE(plain.text.find("\"9\" = "), std::string::npos) << plain.text;
    EXPECT_NE(plain.text, patched.text);
    EXPECT_EQ(direct({.load_options = "quiet", .plain = true}).text, plain.text);
    const std::string initrd = folder_.file("initrd");
    EXPECT_NE(direct({.initrd = initrd, .plain = true}).text.find("say --load-options"), std::string::npos);
    EXPECT_EQ(direct({.initrd = initrd, .load_options = "initrd=initrd quiet", .plain = true}).code, 0);
    EXPECT_NE(direct({.initrd = initrd, .memory = 512}).text.find("before edk2-stable202502"), std::string::npos);
    stub_words_ += "\x3d\x1a\x75\x96\xf4\x72\xa6\x41\xa7\x94\xed\x5d\x0e\x67\xae\x6b";
    EXPECT_NE(direct({.command_line = "quiet", .plain = true, .tdx = true}).text.find("rtmr2 = "), std::string::npos);
}

TEST_F(Measure, AUkiOfATdIsMeasuredWithItsDisk) {
    ct::test::PeBuilder image;
    image.sections = {{".text", Bytes(100, 1)}};
    folder_.write("uki", as_text(image.file()));
    const auto told = [&](const MeasureUkiOptions& options) {
        return test::told([&](Output& out) { return measure_uki(options, out); });
    };
    EXPECT_NE(told({.file = folder_.file("uki"), .tdx = true}).text.find("needs --disk"), std::string::npos);
    folder_.write("disk", std::string(4096, 'x'));
    EXPECT_NE(told({.file = folder_.file("uki"), .disk = folder_.file("disk"), .tdx = true}).text.find("no GPT"),
              std::string::npos);
    EXPECT_NE(told({.file = folder_.file("uki"), .disk = folder_.file("none"), .tdx = true}).text.find("io_failed"),
              std::string::npos);
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
