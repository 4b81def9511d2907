// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tsm/report.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/process.h"
#include "support/simulated_tsm.h"

namespace ct::attest::tsm {
namespace {

using test::SimulatedReports;

const Bytes kData(64, 0x42);
constexpr Millis kNoPause{0};

struct Rig {
    std::shared_ptr<SimulatedReports::State> state = std::make_shared<SimulatedReports::State>();
    SimulatedReports folder{state};
    [[nodiscard]] Result<Report> ask(Question question = {.provider = "tdx_guest", .data = kData}) {
        auto report = make_report(folder, question, kNoPause);
        EXPECT_TRUE(state->entries.empty()) << "an entry was left behind";
        return report;
    }
};

TEST(TsmReport, IsOfTheQuestion) {
    Rig rig;
    const auto report = rig.ask();
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(report->out, kData);
    EXPECT_TRUE(report->auxiliary.empty());
    EXPECT_FALSE(rig.state->written.contains("privlevel"));
    EXPECT_EQ(rig.state->made, 1);
}

TEST(TsmReport, HasThePrivilegeAndTheCertificatesThatWereAskedFor) {
    Rig rig;
    rig.state->provider = "sev_guest";
    rig.state->floor = 2;
    rig.state->answer = [](ByteView data, unsigned level) {
        return SimulatedReports::Answer{to_vector(data),
                                        to_vector(as_bytes("certificates of " + std::to_string(level)))};
    };
    const auto report = rig.ask({.provider = "sev_guest", .data = kData, .privilege = 2, .auxiliary = true});
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(as_text(rig.state->written["privlevel"]), "2");
    EXPECT_EQ(as_text(report->auxiliary), "certificates of 2");
    EXPECT_EQ(rig.state->answers, 1) << "both are of one report";
    EXPECT_EQ(probe(rig.folder)->privilege_floor, 2u);
    const auto below = rig.ask({.provider = "sev_guest", .data = kData, .privilege = 1});
    ASSERT_FALSE(below);
    EXPECT_EQ(below.error().sys_errno, EINVAL);
    rig.state->answer = [](ByteView data, unsigned) { return SimulatedReports::Answer{to_vector(data), {}}; };
    const auto bare = rig.ask({.provider = "sev_guest", .data = kData, .privilege = 2, .auxiliary = true});
    ASSERT_TRUE(bare) << "a host that gives none";
    EXPECT_TRUE(bare->auxiliary.empty());
    EXPECT_TRUE(rig.state->entries.empty());
    rig.state->provider = "tdx_guest";  // which has none of these attributes
    EXPECT_EQ(probe(rig.folder)->privilege_floor, 0u);
    const auto without = rig.ask({.provider = "tdx_guest", .data = kData, .auxiliary = true});
    ASSERT_TRUE(without) << without.error().to_string();
    EXPECT_TRUE(without->auxiliary.empty());
}

TEST(TsmReport, UsesTheEntryThatRootMadeForItAndLeavesIt) {
    Rig rig;
    ASSERT_TRUE(rig.folder.make(kEntry));
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(make_report(rig.folder, {.provider = "tdx_guest", .data = kData}, kNoPause));
    EXPECT_TRUE(probe(rig.folder));
    EXPECT_EQ(rig.state->made, 1);
    ASSERT_TRUE(rig.state->entries.contains(kEntry));
    EXPECT_EQ(rig.state->entries.at(kEntry).written, 3U);
    rig.state->rivals = 1;
    const auto report = make_report(rig.folder, {.provider = "tdx_guest", .data = kData}, kNoPause);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->out, kData);
}

TEST(TsmReport, IsAskedForAgainWhileOthersWriteOrTheMachineIsBusy) {
    Rig rig;
    rig.state->rivals = 3;
    const auto report = rig.ask();
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(report->out, kData) << "somebody else's report";
    EXPECT_EQ(rig.state->made, 4);
    rig.state->busy = 2;
    EXPECT_TRUE(rig.ask());
    rig.state->busy = 2, rig.state->error = EAGAIN;
    EXPECT_TRUE(rig.ask());
}

TEST(TsmReport, FailsWhereThatDoesNotEnd) {
    Rig rig;
    rig.state->rivals = 1000;
    auto report = rig.ask();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, Reason::evidence_device_failed);
    EXPECT_EQ(rig.state->made, 8);
    rig.state->rivals = 0, rig.state->busy = 1000;
    report = rig.ask();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().sys_errno, EBUSY);
    rig.state->made = 0, rig.state->error = EIO;  // no use in trying again
    report = rig.ask();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, Reason::evidence_device_failed);
    EXPECT_EQ(rig.state->made, 1);
}

TEST(TsmReport, IsAbsentWithoutTheFolderOrWithAnotherDriver) {
    Rig rig;
    rig.state->provider = "arm_cca_guest";
    auto report = rig.ask();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, Reason::evidence_device_absent);
    EXPECT_TRUE(rig.state->written.empty());
    EXPECT_EQ(probe(rig.folder)->provider, "arm_cca_guest");
    rig.state->absent = true;
    report = rig.ask();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, Reason::evidence_device_absent);
    EXPECT_EQ(probe(rig.folder).error().reason, Reason::evidence_device_absent);
}

// The folder itself, on a plain one: configfs makes the attributes of an entry, here they lie ready.
TEST(TsmFolder, WritesAndReadsAttributesOfItsEntries) {
    const test::TempDir home;
    const auto absent = open_folder(home.file("nothing"));
    EXPECT_EQ(absent->make("a").error().reason, Reason::evidence_device_absent);
    const auto folder = open_folder(home.path());
    ASSERT_TRUE(folder->make("a"));
    ASSERT_TRUE(folder->make("a")) << "one that a crash left behind";
    EXPECT_EQ(folder->write("a", "inblob", kData).error().sys_errno, ENOENT) << "attributes are the kernel's to make";
    std::ofstream(home.file("a/inblob")).flush();
    ASSERT_TRUE(folder->write("a", "inblob", kData));
    EXPECT_EQ(*folder->read("a", "inblob", 64), kData);
    EXPECT_FALSE(folder->read("a", "inblob", 63));
    const auto missing = folder->read("a", "auxblob", 64);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().reason, Reason::evidence_device_failed);
    EXPECT_EQ(missing.error().sys_errno, ENOENT);
    ASSERT_TRUE(folder->make("b"));
    folder->remove("b");
    EXPECT_FALSE(folder->read("b", "inblob", 1));
    EXPECT_EQ(folder->read("b", "inblob", 1).error().sys_errno, ENOENT);
}

}  // namespace
}  // namespace ct::attest::tsm
