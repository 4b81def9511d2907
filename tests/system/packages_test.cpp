// SPDX-License-Identifier: Apache-2.0
// What dpkg puts on a machine, what an upgrade does to running programs, and what is left after a purge.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

#include "system/site.h"

namespace ct::test {
namespace {

constexpr const char* kInstallAll = "cd /srv/packages && apt-get install -y ./cloudtaser-*.deb";
constexpr std::pair<const char*, const char*> kDaemons[] = {
    {"Secret1", "secretd"}, {"Bridge1", "bridge"}, {"Identity1", "identd"}, {"Attest1", "attestd"}, {"Gate1", "gate"}};

std::set<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::set<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.insert(line);
    return lines;
}

TEST(Packages, NothingRunsBeforeItIsCalled) {
    CT_NEEDS_SITE();
    const auto site = Site::make();
    ASSERT_TRUE(site) << site.error().to_string();
    const Machine& machine = (*site)->node();
    const auto installed = machine.sh(kInstallAll);
    ASSERT_EQ(installed.code, 0) << installed.all();
    EXPECT_EQ(machine.run({"dpkg", "--audit"}).all(), "");
    EXPECT_EQ(machine.sh("dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' 'cloudtaser-*'").out,
              "cloudtaser-common ii \ncloudtaser-gate ii \ncloudtaser-node ii \ncloudtaser-tools ii \n");
    EXPECT_EQ(
        machine.sh("systemctl list-units --all --plain --no-legend --state=active,activating,failed 'cloudtaser*'").out,
        "");
    // The names that systemd starts units for, and no owner yet.
    const auto names =
        machine.sh("busctl list --activatable --no-legend --no-pager | awk '/cloudtaser/ { print $1, $2 }'");
    EXPECT_EQ(names.out,
              "io.cloudtaser.Attest1 -\nio.cloudtaser.Bridge1 -\nio.cloudtaser.Gate1 -\nio.cloudtaser.Identity1 -\n"
              "io.cloudtaser.Secret1 -\n");
    for (const auto& [area, daemon] : kDaemons) {
        SCOPED_TRACE(daemon);
        const std::string unit = std::string("cloudtaser-") + daemon + ".service";
        EXPECT_EQ(machine.run({"systemctl", "show", "-P", "ActiveState", unit}).out, "inactive\n");
        const auto called = machine.run({"busctl", "call", std::string("io.cloudtaser.") + area,
                                         std::string("/io/cloudtaser/") + area, "org.freedesktop.DBus.Peer", "Ping"});
        // Those that need configuration tell the caller so, which a unit that only fails could not.
        if (const std::string name = daemon; name == "identd" || name == "attestd") {
            EXPECT_EQ(called.code, 0) << called.all();
            EXPECT_EQ(machine.run({"systemctl", "show", "-P", "ActiveState", unit}).out, "active\n");
        } else {
            EXPECT_NE(called.code, 0);
            EXPECT_NE(called.err.find(name + ".toml"), std::string::npos) << called.all();
        }
    }
}

TEST(Packages, AnUpgradeKeepsRunningPrograms) {
    CT_NEEDS_SITE();
    if (const auto why = Site::missing("before")) GTEST_SKIP() << *why;
    const auto site = Site::ready("before");
    ASSERT_TRUE(site) << site.error().to_string();
    ASSERT_TRUE((*site)->bring_packages("now"));
    const auto before = (*site)->node().sh(
        "systemctl show -P MainPID payments\ndpkg-query -W -f '${Version}\\n' cloudtaser-node\n"
        "systemctl show -P MainPID cloudtaser-secretd");
    ASSERT_EQ(before.code, 0) << before.all();
    for (Machine* machine : {&(*site)->vault(), &(*site)->node()}) {
        const auto upgraded = machine->sh(
            "cd /srv/packages\n"
            "for package in $(dpkg-query -W -f '${Package}\\n' 'cloudtaser-*'); do set -- \"$@\" ./$package\\_*.deb; done\n"
            "apt-get install -y \"$@\" && dpkg --audit");
        ASSERT_EQ(upgraded.code, 0) << upgraded.all();
        EXPECT_NE(upgraded.out.find("upgraded"), std::string::npos);
    }
    const auto after = (*site)->node().sh(
        "systemctl show -P MainPID payments\ndpkg-query -W -f '${Version}\\n' cloudtaser-node\n"
        "systemctl show -P MainPID cloudtaser-secretd");
    const auto seen_before = lines_of(before.out);
    const auto seen_after = lines_of(after.out);
    std::vector<std::string> same;
    std::ranges::set_intersection(seen_before, seen_after, std::back_inserter(same));
    EXPECT_EQ(same, (std::vector<std::string>{before.out.substr(0, before.out.find('\n'))}))
        << "the program is the same, version and secretd are others:\n"
        << before.out << after.out;
    // And a new start gets the secret from the daemons that run now.
    const auto restarted = (*site)->node().sh(
        "systemctl restart payments && systemctl is-active payments && journalctl -u payments -o cat --no-pager");
    EXPECT_EQ(restarted.code, 0) << restarted.all() << (*site)->journals();
    const auto hash = (*site)->bao("kv get -field=password kv/payments | sha256sum").out;
    const auto first = restarted.out.find(hash);
    ASSERT_NE(first, std::string::npos) << restarted.out;
    EXPECT_NE(restarted.out.find(hash, first + 1), std::string::npos) << restarted.out;
}

// All that is on a machine and that its running does not change by itself.
std::set<std::string> inventory(const Machine& machine) {
    const auto found = machine.sh(
        "find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /srv/packages -o -path /var/log/journal \\) "
        "-prune -o -printf 'file %p\\n'\n"
        "find /run /tmp \\( -path /run/systemd/units -o -path /run/udev \\) -prune -o \\( -type s -o -path '*cloudtaser*' \\) "
        "-printf 'run %p\\n'\n"
        "getent passwd | sed 's/^/user /'\ngetent group | sed 's/^/group /'\n"
        "systemctl list-unit-files --no-legend --plain | awk '{ print \"unit\", $1 }'");
    EXPECT_EQ(found.code, 0) << found.err;
    return lines_of(found.out);
}

TEST(Packages, APurgeLeavesOnlyWhatReadmeDebianSays) {
    CT_NEEDS_SITE();
    const auto site = Site::make();
    ASSERT_TRUE(site) << site.error().to_string();
    std::map<Machine*, std::set<std::string>> before;
    for (Machine* machine : {&(*site)->vault(), &(*site)->node()})
        before[machine] = inventory(*machine);
    for (const auto& step : read_guide(CT_SOURCE_DIR "/docs/quickstart.md")) {
        const auto done = (*site)->follow(step);
        ASSERT_TRUE(done) << done.error().context;
    }

    // Which of our names a line may have after all, and why.
    const std::pair<const char*, const char*> kept[] = {
        {"user cloudtaser-", "a number of theirs must not become somebody else's"},
        {"group cloudtaser-", "the same"},
        {"file /var/lib/cloudtaser-gate", "the gate's records are evidence"},
        {"file /etc/credstore.encrypted", "the administrator made it"},
        {"file /etc/systemd/system/cloudtaser-attestd.service.d", "the administrator's drop-in"},
        {"file /etc/systemd/system/payments.service", "the administrator's unit"},
        {"file /etc/systemd/system/multi-user.target.wants/payments.service", "the same"},
        {"file /etc/systemd/system/swtpm.service", "the same"},
        {"unit payments.service", "the administrator's unit"},
        {"unit swtpm.service", "the same"},
        {"file /etc/openbao", "OpenBao's"},
        {"unit openbao.service", "the same"},
        {"file /srv/", "where the administrator worked"},
        {"file /usr/local/bin/payments", "the administrator's program"},
        {"user payments:", "its user"},
        {"group payments:", "the same"},
        {"run /run/swtpm", "the software TPM runs"},
        {"file /var/lib/swtpm", "its state"},
        {"file /var/lib/systemd/credential.secret", "systemd-creds made it"},
        {"file /var/log/apt/", "dpkg and apt keep their books"},
        {"file /var/log/dpkg.log", "the same"},
        {"file /var/lib/apt/", "the same"},
        {"file /var/cache/", "the same, and of man-db"},
        {"unit run-", "the test's own commands"},
    };
    for (auto& [machine, was] : before) {
        const auto removed = machine->sh("apt-get remove -y 'cloudtaser-*' && dpkg --audit");
        ASSERT_EQ(removed.code, 0) << removed.all();
        EXPECT_EQ(machine->sh("ps -eo args | grep '[/]libexec/cloudtaser' || true").out, "");
        EXPECT_EQ(machine->sh("ls /etc/cloudtaser | wc -l").out == "0\n", false) << "removal keeps configuration";
        ASSERT_EQ(machine->sh("apt-get purge -y cloudtaser-common").code, 0);
        EXPECT_NE(machine->sh("ls /etc/cloudtaser").out, "") << "what a removed service still has there stays";
        const auto purged = machine->sh("apt-get purge -y 'cloudtaser-*' && dpkg --audit");
        ASSERT_EQ(purged.code, 0) << purged.all();
        EXPECT_EQ(machine->sh("dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' 'cloudtaser-*' 2>&1 || true").out,
                  "dpkg-query: no packages found matching cloudtaser-*\n");
        const auto is = inventory(*machine);
        std::vector<std::string> left;
        std::ranges::set_difference(is, was, std::back_inserter(left));
        std::erase_if(left, [&](const std::string& line) {
            return std::ranges::any_of(kept, [&](const auto& entry) { return line.starts_with(entry.first); });
        });
        EXPECT_EQ(left, std::vector<std::string>{});
        std::vector<std::string> lost;
        std::ranges::set_difference(was, is, std::back_inserter(lost));
        std::erase_if(lost, [](const std::string& line) { return line.starts_with("unit run-"); });
        EXPECT_EQ(lost, std::vector<std::string>{}) << "a purge takes nothing that is not ours";
    }
    EXPECT_NE((*site)->vault().sh("find /var/lib/cloudtaser-gate/records/released -name '*.cbor'").out, "");
}

}  // namespace
}  // namespace ct::test
