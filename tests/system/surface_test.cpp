// SPDX-License-Identifier: Apache-2.0
// What administrators see of a machine in use: the bus, the manual, the journal's catalog, the fences.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "support/introspection.h"
#include "system/site.h"

namespace ct::test {
namespace {

class Surface : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (Site::missing()) return;
        auto site = Site::ready();
        ASSERT_TRUE(site) << site.error().to_string();
        site_ = std::move(*site);
    }
    static void TearDownTestSuite() { site_.reset(); }
    void SetUp() override {
        CT_NEEDS_SITE();
        ASSERT_NE(site_, nullptr);
    }
    static std::vector<Machine*> machines() { return {&site_->vault(), &site_->node()}; }

    static std::unique_ptr<Site> site_;
};
std::unique_ptr<Site> Surface::site_;

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

TEST_F(Surface, TheBusOffersWhatTheInstalledFilesSayAndTheManualExplains) {
    const std::string folder = "/usr/share/dbus-1/interfaces/";
    std::set<std::string> seen;
    for (const Machine* machine : machines()) {
        const auto names =
            machine->sh("busctl list --acquired --no-legend --no-pager | awk '/^io.cloudtaser/ { print $1 }'").out;
        for (const auto& name : words_of(names)) {
            // The bus first starts the object's owner, if it must.
            const auto paths = machine->run({"busctl", "tree", "--list", "--no-pager", name});
            ASSERT_EQ(paths.code, 0) << paths.all();
            for (const auto& path : words_of(paths.out)) {
                const auto served = machine->run({"busctl", "introspect", "--xml-interface", name, path});
                ASSERT_EQ(served.code, 0) << served.all();
                for (const auto& interface : interfaces_of(served.out)) {
                    if (!interface.starts_with("io.cloudtaser.")) continue;
                    SCOPED_TRACE(interface + " at " + path);
                    seen.insert(interface);
                    // io.cloudtaser.Secret1.Manager is described with the others of its daemon, in io.cloudtaser.Secret1.
                    const std::string page = interface.substr(0, interface.find('.', interface.find('1')));
                    const auto written = machine->read(folder + page + ".xml");
                    ASSERT_TRUE(written) << written.error().to_string();
                    const auto members = members_of(*written, interface);
                    EXPECT_FALSE(members.empty());
                    EXPECT_EQ(members_of(served.out, interface), members);
                    const auto manual = machine->sh("MANWIDTH=1000 man --no-hyphenation 5 " + page + " | cat");
                    ASSERT_EQ(manual.code, 0) << manual.all();
                    for (const auto& member : members) {
                        const auto name_at = member.find(' ') + 1;
                        const auto member_name = member.substr(name_at, member.find_first_of(" (", name_at) - name_at);
                        EXPECT_NE(manual.out.find(member_name), std::string::npos)
                            << page << "(5) lacks " << member_name;
                    }
                }
            }
        }
    }
    // A session has a line of its own, which is no part of this bus: tests/bus/contract compares that one.
    std::set<std::string> described = {};
    for (const Machine* machine : machines())
        for (const auto& file : words_of(machine->sh("ls " + folder + "io.cloudtaser.*.xml").out))
            for (const auto& interface : interfaces_of(machine->read(file).value_or("")))
                described.insert(interface);
    described.erase("io.cloudtaser.Secret1.Session");
    EXPECT_EQ(seen, described);
}

TEST_F(Surface, EachServiceIsFencedAsSystemdJudgesIt) {
    for (const Machine* machine : machines()) {
        const auto judged = machine->sh("systemd-analyze security --no-pager | awk '/^cloudtaser/ { print $1, $2 }'");
        ASSERT_EQ(judged.code, 0) << judged.all();
        const auto words = words_of(judged.out);
        ASSERT_GE(words.size(), 2U);
        for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
            std::printf("exposure of %s: %s\n", words[i].c_str(), words[i + 1].c_str());
            EXPECT_LE(std::stod(words[i + 1]), 2.0) << words[i];
        }
    }
}

TEST_F(Surface, TheCatalogExplainsEveryEntryThatHasAnIdentifier) {
    // Refusals, a bad configuration, a revocation: entries beside those of an ordinary start.
    const auto provoked = site_->node().sh(
        "cloudtaserctl revoke payments\n"
        "systemctl restart payments\n"
        "! systemd-run --quiet --pipe --wait cloudtaser-run --workload unknown -- true\n"
        "! systemd-run --quiet --pipe --wait cloudtaser-run --workload payments -- true\n"
        "echo 'unknown = 1' >/etc/cloudtaser/bridge.d-broken.toml; mkdir -p /etc/cloudtaser/bridge.d\n"
        "mv /etc/cloudtaser/bridge.d-broken.toml /etc/cloudtaser/bridge.d/broken.toml\n"
        "! systemctl reload cloudtaser-bridge\n"
        "rm -r /etc/cloudtaser/bridge.d\nsystemctl reload cloudtaser-bridge");
    EXPECT_EQ(provoked.code, 0) << provoked.all();
    std::set<std::string> all;
    for (const Machine* machine : machines()) {
        const auto ids = machine->sh(
            "journalctl --no-pager -o json _SYSTEMD_SLICE=system-cloudtaser.slice + _SYSTEMD_UNIT=cloudtaser-gate.service |"
            " jq -r 'select(.MESSAGE_ID != null and ._COMM != \"systemd\") | .MESSAGE_ID' | sort -u");
        ASSERT_EQ(ids.code, 0) << ids.all();
        for (const auto& id : words_of(ids.out)) {
            all.insert(id);
            const auto entry = machine->sh("journalctl --no-pager --catalog -o short -n 1 MESSAGE_ID=" + id);
            EXPECT_NE(entry.out.find("Subject:"), std::string::npos) << id << "\n" << entry.all();
        }
    }
    std::printf("%zu message identifiers in the journals\n", all.size());
    EXPECT_GE(all.size(), 8U);
}

}  // namespace
}  // namespace ct::test
