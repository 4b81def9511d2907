// SPDX-License-Identifier: Apache-2.0
// The files of dbus/ and units/ that must agree.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "base/fd.h"
#include "base/reason.h"
#include "support/process.h"

namespace ct {
namespace {

namespace fs = std::filesystem;

std::string source(const std::string& path) {
    auto text = read_file(CT_SOURCE_DIR "/" + path, 1 << 20);
    EXPECT_TRUE(text) << path;
    return text.value_or("");
}

// Every text that stands between the two words.
std::set<std::string> all(const std::string& text, std::string_view before, std::string_view after) {
    std::set<std::string> found;
    for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
        const auto first = at + before.size();
        const auto last = text.find(after, first);
        if (last == std::string::npos) break;
        found.insert(text.substr(first, last - first));
    }
    return found;
}
std::string one(const std::string& text, const std::string& key) {
    const auto found = all(text, "\n" + key + "=", "\n");
    EXPECT_EQ(found.size(), 1U) << key;
    return found.empty() ? "" : *found.begin();
}

TEST(DBusFiles, NameUserUnitAndPolicyOfADaemonAgree) {
    std::size_t daemons = 0;
    for (const auto& entry : fs::directory_iterator(CT_SOURCE_DIR "/dbus/services")) {
        ++daemons;
        const std::string name = entry.path().stem().string();
        SCOPED_TRACE(name);
        const std::string service = source("dbus/services/" + name + ".service");
        EXPECT_EQ(one(service, "Name"), name);
        EXPECT_EQ(one(service, "Exec"), "/bin/false") << "only systemd starts it";
        const std::string unit = source("units/" + one(service, "SystemdService"));
        EXPECT_EQ(one(unit, "BusName"), name);
        const std::string user = one(unit, "User");
        EXPECT_EQ(one(service, "User"), user);
        const std::string policy = source("dbus/policy/" + name + ".conf");
        EXPECT_NE(policy.find("<policy user=\"" + user + "\">\n    <allow own=\"" + name + "\"/>"), std::string::npos);
        EXPECT_TRUE(fs::exists(CT_SOURCE_DIR "/dbus/interfaces/" + name + ".xml"));
        const std::string users =
            source("units/sysusers.d/cloudtaser.conf") + source("units/sysusers.d/cloudtaser-gate.conf");
        EXPECT_NE(users.find("\nu " + user + " "), std::string::npos);
    }
    EXPECT_EQ(daemons, 5U);
}

TEST(DBusFiles, TheUsersThatRowsNameExist) {
    const std::string users =
        source("units/sysusers.d/cloudtaser.conf") + source("units/sysusers.d/cloudtaser-gate.conf");
    for (const auto& entry : fs::recursive_directory_iterator(CT_SOURCE_DIR "/daemons")) {
        if (entry.path().extension() != ".cpp") continue;
        const auto text = read_file(entry.path().string(), 1 << 20).value();
        for (const auto& user : all(text, "Access::only({\"", "\"})"))
            EXPECT_NE(users.find("\nu " + user + " "), std::string::npos) << entry.path() << ": " << user;
    }
}

TEST(DBusFiles, PolkitKnowsTheActionsThatRowsName) {
    const auto known = all(source("dbus/polkit/io.cloudtaser.policy"), "<action id=\"", "\">");
    std::set<std::string> asked;
    for (const char* folder : {"/daemons", "/clients"})
        for (const auto& entry : fs::recursive_directory_iterator(std::string(CT_SOURCE_DIR) + folder))
            if (entry.path().extension() == ".cpp")
                asked.merge(all(read_file(entry.path().string(), 1 << 20).value(), "polkit(\"", "\")"));
    EXPECT_EQ(asked, known);
}

TEST(DBusFiles, TheErrorsPageNamesEveryErrorAndNoOther) {
    std::set<std::string> names;
#define CT_X(name, bus) names.emplace(bus_error(Reason::name));
    CT_REASONS(CT_X)
#undef CT_X
    EXPECT_EQ(all(source("dbus/interfaces/errors.md"), "\n| `", "` |"), names);
}

// The journal drops what is over its limit and calls it written: verdicts, too.
TEST(Units, OfTheGateIsNotLimitedByTheJournal) {
    const auto unit = source("units/cloudtaser-gate.service");
    EXPECT_NE(unit.find("\nLogRateLimitIntervalSec=0\n"), std::string::npos);
}

// Exposure as systemd judges it, in tenths: 20 is 2.0 of 10, where an unfenced service has 9.6.
TEST(Units, AreFencedAsSystemdSeesIt) {
    const auto version = test::run({.argv = {"systemd-analyze", "--version"}});
    if (version.code != 0) GTEST_SKIP() << "needs systemd-analyze";
    for (const char* daemon : {"secretd", "attestd", "bridge", "identd", "gate"}) {
        const std::string unit = std::string(CT_BINARY_DIR "/units/cloudtaser-") + daemon + ".service";
        const auto judged =
            test::run({.argv = {"systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", unit}});
        EXPECT_EQ(judged.code, 0) << daemon << ": "
                                  << judged.output.substr(judged.output.size() -
                                                          std::min<std::size_t>(judged.output.size(), 200));
    }
}

// The one addition to a fence that we ship: for a TD that has its quotes by AF_VSOCK.
TEST(Units, AreFencedWithTheWayToTheHostOpen) {
    const auto version = test::run({.argv = {"systemd-analyze", "--version"}});
    if (version.code != 0) GTEST_SKIP() << "needs systemd-analyze";
    const test::TempDir folder;
    const std::string name = "cloudtaser-attestd.service";
    const std::string unit = read_file(CT_BINARY_DIR "/units/" + name, 1 << 16).value();
    EXPECT_EQ(unit.find("RestrictAddressFamilies=AF_VSOCK"), std::string::npos) << "not where it isn't needed";
    const std::string whole = folder.write(name, unit + source("units/attestd-vsock.conf"));
    const auto judged =
        test::run({.argv = {"systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", whole}});
    EXPECT_EQ(judged.code, 0) << judged.output;
    EXPECT_EQ(judged.output.find("unknown"), std::string::npos) << judged.output;
}

}  // namespace
}  // namespace ct
