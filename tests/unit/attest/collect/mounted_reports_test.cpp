// SPDX-License-Identifier: Apache-2.0
// Collectors on a folder of reports that is a file system, as the kernel's is: through open(2), read(2) and close(2).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "attest/collect/tsm/report.h"
#include "base/fd.h"
#include "support/mounted_reports.h"
#include "support/private_bus.h"

namespace ct::attest::tsm {
namespace {

using test::MountedReports;
using test::SimulatedReports;

class TsmMounted : public testing::Test {
protected:
    void SetUp() override { CT_NEEDS_MOUNTED_REPORTS(); }
    void mount() {
        auto mounted = MountedReports::mount(state_);
        ASSERT_TRUE(mounted) << mounted.error().to_string();
        mounted_ = std::move(*mounted);
        folder_ = open_folder(mounted_->path());
    }
    SimulatedReports::State state_;
    std::unique_ptr<MountedReports> mounted_;
    std::unique_ptr<Folder> folder_;
};

TEST_F(TsmMounted, ShowsTheAttributesOfItsProvider) {
    const auto attributes = [&] {
        mount();
        std::filesystem::create_directory(mounted_->path() + "/entry");
        std::set<std::string> out;
        for (const auto& file : std::filesystem::directory_iterator(mounted_->path() + "/entry"))
            out.insert(file.path().filename());
        std::filesystem::remove(mounted_->path() + "/entry");
        EXPECT_FALSE(std::filesystem::exists(mounted_->path() + "/entry"));
        return out;
    };
    using Names = std::set<std::string>;
    EXPECT_EQ(attributes(), (Names{"generation", "provider", "inblob", "outblob"}));
    state_.provider = "sev_guest";
    EXPECT_EQ(attributes(),
              (Names{"generation", "provider", "inblob", "outblob", "auxblob", "privlevel", "privlevel_floor"}));
}

TEST_F(TsmMounted, MakesReportsByTheKernelsRules) {
    state_.provider = "sev_guest";
    state_.floor = 1;
    state_.answer = [](ByteView data, unsigned level) {
        SimulatedReports::Answer out{Bytes(20'000, static_cast<std::uint8_t>(level)), Bytes(30'000, 0xcc)};
        append(out.out, data);
        return out;
    };
    state_.rivals = 1, state_.busy = 1;
    mount();
    EXPECT_EQ(probe(*folder_)->privilege_floor, 1U);
    const Bytes data(64, 0x42);
    const auto report =
        make_report(*folder_, {.provider = "sev_guest", .data = data, .privilege = 2, .auxiliary = true}, Millis(1));
    ASSERT_TRUE(report) << report.error().to_string();
    Bytes expected(20'000, 2);
    append(expected, Bytes(64, 0x42));
    EXPECT_EQ(report->out, expected);
    EXPECT_EQ(report->auxiliary, Bytes(30'000, 0xcc));
    EXPECT_TRUE(std::filesystem::is_empty(mounted_->path()));
    const auto below = make_report(*folder_, {.provider = "sev_guest", .data = data, .privilege = 0});
    ASSERT_FALSE(below);
    EXPECT_EQ(below.error().sys_errno, EINVAL);
}

TEST_F(TsmMounted, RefusesWhatTheKernelRefuses) {
    state_.answer = [made = 0](ByteView, unsigned) mutable {
        return SimulatedReports::Answer{Bytes(64, static_cast<std::uint8_t>(++made)), {}};
    };
    mount();
    ASSERT_TRUE(folder_->make("e"));
    EXPECT_EQ(folder_->read("e", "outblob", 64).error().sys_errno, EINVAL) << "no question yet";
    EXPECT_EQ(folder_->read("e", "auxblob", 64).error().sys_errno, ENOENT);
    ASSERT_TRUE(folder_->write("e", "inblob", Bytes(63)));
    EXPECT_EQ(folder_->read("e", "outblob", 64).error().sys_errno, EINVAL) << "a question of another size";
    ASSERT_TRUE(folder_->write("e", "inblob", Bytes(65))) << "what close(2) makes of it nobody is told";
    EXPECT_EQ(as_text(*folder_->read("e", "generation", 8)), "1\n");
    ASSERT_TRUE(folder_->write("e", "inblob", Bytes(64, 9)));
    EXPECT_EQ(*folder_->read("e", "outblob", 64), Bytes(64, 1));
    EXPECT_EQ(*folder_->read("e", "outblob", 64), Bytes(64, 1)) << "kept until the next question";
    ASSERT_TRUE(folder_->write("e", "inblob", Bytes(64, 9)));
    EXPECT_EQ(*folder_->read("e", "outblob", 64), Bytes(64, 2));
    EXPECT_EQ(::open((mounted_->path() + "/e/inblob").c_str(), O_RDONLY | O_CLOEXEC), -1);
    folder_->remove("e");
}

// As cloudtaser-report-entry.service does it, by the file that it goes by: root without a capability makes the entry, and a
// daemon that is not root asks its questions there.
TEST_F(TsmMounted, ServesADaemonWithoutRightsAtTheEntryThatRootMade) {
    constexpr unsigned kUser = 65534;  // and group
    state_.provider = "sev_guest";
    mount();
    const auto ask = [&] {
        return test::as_user(kUser, [&] {
            const Bytes data(64, 0x42);
            const auto report = make_report(*folder_, {.provider = "sev_guest", .data = data, .privilege = 0});
            if (report) return report->out == data ? 0 : 1;
            return report.error().sys_errno == EACCES ? 2 : 3;
        });
    };
    EXPECT_EQ(ask(), 2) << "reports are root's to ask for";

    std::string rules = read_file(CT_SOURCE_DIR "/units/report-entry.conf", 1 << 16).value();
    rules.erase(rules.find("z /dev/"));  // of this machine
    const std::pair<std::string, std::string> changes[] = {{kReports, mounted_->path()},
                                                           {"cloudtaser-attest", std::to_string(kUser)}};
    for (const auto& [from, to] : changes)
        for (std::size_t at = 0; (at = rules.find(from, at)) != std::string::npos; at += to.size())
            rules.replace(at, from.size(), to);
    const test::TempDir home;
    const auto made = test::run({.argv = {"setpriv", "--regid", std::to_string(kUser), "--clear-groups",
                                          "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
                                          "systemd-tmpfiles", "--create", home.write("entry.conf", rules)}});
    ASSERT_EQ(made.code, 0) << made.output;
    EXPECT_EQ(ask(), 0);
    EXPECT_TRUE(std::filesystem::exists(mounted_->path() + "/" + kEntry)) << "it stays";
}

}  // namespace
}  // namespace ct::attest::tsm
