// SPDX-License-Identifier: Apache-2.0
// Services of systemd that are wrapped by cloudtaser-run, of all types that there are: each has its secret, keeps it while our
// daemons are restarted, and gets it again after a reboot.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "system/site.h"

namespace ct::test {
namespace {

struct Kind {
    const char* name;
    const char* service;           // lines of [Service]
    const char* arguments = "";    // of the program, after its FIFO
    const char* socket = nullptr;  // a line of [Socket]; then there is such a unit
};

constexpr Kind kKinds[] = {
    {"simple", "Type=simple\nUser=prove"},
    {"exec", "Type=exec\nUser=prove"},
    {"notify", "Type=notify\nUser=prove"},
    {"root", "Type=notify"},
    // A dynamic user, but for its name: see cloudtaser-workloads(5).
    {"named", "Type=notify\nDynamicUser=yes\nUser=prove"},
    {"forking", "Type=forking\nUser=prove\nRuntimeDirectory=prove-forking\nPIDFile=/run/prove-forking/pid",
     "--daemonize --pid-file /run/prove-forking/pid"},
    {"socket", "Type=notify\nUser=prove", "", "ListenStream=/run/prove.socket"},
    {"hardened",
     "Type=notify\nUser=prove\nNoNewPrivileges=yes\nProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nPrivateDevices=yes\n"
     "PrivateUsers=yes\nPrivateNetwork=yes\nProtectProc=invisible\nProcSubset=pid\nProtectKernelTunables=yes\n"
     "ProtectKernelModules=yes\nProtectKernelLogs=yes\nProtectControlGroups=yes\nProtectClock=yes\nProtectHostname=yes\n"
     "RestrictNamespaces=yes\nRestrictRealtime=yes\nRestrictSUIDSGID=yes\nLockPersonality=yes\nMemoryDenyWriteExecute=yes\n"
     "SystemCallArchitectures=native\nCapabilityBoundingSet=\nRestrictAddressFamilies=AF_UNIX\nUMask=0077\nLimitCORE=0\n"
     "KeyringMode=private\nRemoveIPC=yes\nSystemCallFilter=@system-service memfd_secret ptrace seccomp"},
};

// What the program said of itself.
using Proof = std::map<std::string, std::string>;

class Services : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (Site::missing()) return;
        auto site = Site::ready();
        ASSERT_TRUE(site) << site.error().to_string();
        site_ = std::move(*site);
        hash_ = site_->bao("kv get -field=password kv/payments | sha256sum").out.substr(0, 64);
        prepare();
    }
    static void TearDownTestSuite() { site_.reset(); }
    void SetUp() override {
        CT_NEEDS_SITE();
        ASSERT_NE(site_, nullptr);
    }

    static Machine& node() { return site_->node(); }
    static Machine::Outcome done(const std::string& script) {
        auto outcome = node().sh(script);
        EXPECT_EQ(outcome.code, 0) << script << "\n" << outcome.all() << site_->journals();
        return outcome;
    }
    static std::string unit_of(const Kind& kind) { return std::string("prove-") + kind.name + ".service"; }

    static void write_unit(const Kind& kind) {
        const std::string name = std::string("prove-") + kind.name;
        const std::string fifo = "/run/prove/" + std::string(kind.name);
        ASSERT_TRUE(node().write("/etc/systemd/system/" + name + ".service",
                                 "[Unit]\nWants=network-online.target\nAfter=network-online.target\n[Service]\n" +
                                     std::string(kind.service) + "\nRestart=on-failure\nRestartSec=1\n" +
                                     "ExecStart=/usr/bin/cloudtaser-run --workload prove -- /usr/local/bin/prove " +
                                     fifo + " " + kind.arguments + "\n[Install]\nWantedBy=multi-user.target\n"));
        ASSERT_TRUE(node().write("/etc/tmpfiles.d/" + name + ".conf", "p " + fifo + " 0666\n"));
        if (kind.socket != nullptr) {
            ASSERT_TRUE(
                node().write("/etc/systemd/system/" + name + ".socket",
                             "[Socket]\n" + std::string(kind.socket) + "\n[Install]\nWantedBy=sockets.target\n"));
        }
    }

    // A workload "prove" beside the "payments" of the page, for all units of this test.
    static void prepare() {
        ASSERT_TRUE(node().copy_in(CT_SOURCE_DIR "/tests/system/prove.py", "/usr/local/bin/prove"));
        ASSERT_TRUE(node().write("/etc/tmpfiles.d/prove.conf", "d /run/prove 0755 prove prove\n"));
        std::string units;
        for (const auto& kind : kKinds) {
            write_unit(kind);
            units += (units.empty() ? "\"" : ", \"") + unit_of(kind) + "\"";
        }
        ASSERT_TRUE(node().write("/etc/cloudtaser/workloads.d/prove.toml",
                                 "[workload.prove]\nunits = [" + units +
                                     ", \"prove-dynamic.service\"]\n"
                                     "[workload.prove.env]\nDB_PASSWORD = \"kv/payments#password\"\n"));
        done(
            "chmod 755 /usr/local/bin/prove\nuseradd --system prove\nsystemd-tmpfiles --create /etc/tmpfiles.d/prove*.conf\n"
            "systemctl daemon-reload\nsystemctl reload cloudtaser-secretd");
        const auto allowed = site_->vault().sh(
            "cd /etc/cloudtaser/policy.d\n"
            "sed '/^epoch/d; /^units/d; s/workload.payments/workload.prove/' payments.toml >prove.toml\n"
            "systemctl reload cloudtaser-gate");
        ASSERT_EQ(allowed.code, 0) << allowed.all();
    }

    static Proof ask(const Kind& kind) {
        const auto said = node().run({"head", "-n", "1", std::string("/run/prove/") + kind.name}, Millis(20'000));
        Proof proof;
        std::istringstream words(said.out);
        for (std::string word; words >> word;)
            proof[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
        return proof;
    }
    static std::string main_pid(const std::string& unit) {
        const auto out = node().run({"systemctl", "show", "-P", "MainPID", unit}).out;
        return out.substr(0, out.find('\n'));
    }
    // Runs as its unit's main process, has the secret and so has what it executes; nobody sees it from outside.
    static void expect_secret(const Kind& kind) {
        SCOPED_TRACE(kind.name);
        auto proof = ask(kind);
        EXPECT_EQ(proof["own"], hash_)
            << node().sh("journalctl --sync; journalctl --no-pager -n 30 -u " + unit_of(kind)).all();
        EXPECT_EQ(proof["child"], hash_);
        const std::string pid = main_pid(unit_of(kind));
        EXPECT_EQ(proof["pid"], pid);
        EXPECT_EQ(proof["socket"], kind.socket == nullptr ? "none" : "/run/prove.socket");
        const auto seen = node().sh("readlink -f /proc/" + pid + "/exe\ntr '\\0' '\\n' </proc/" + pid +
                                    "/environ | grep DB_PASSWORD");
        EXPECT_EQ(seen.out, "/usr/bin/python3.11\nDB_PASSWORD=\n");
    }

    static std::unique_ptr<Site> site_;
    static std::string hash_;
};
std::unique_ptr<Site> Services::site_;
std::string Services::hash_;

TEST_F(Services, OfEachTypeHaveTheirSecretsAndAreStoppedAndStarted) {
    for (const auto& kind : kKinds) {
        SCOPED_TRACE(kind.name);
        const std::string unit = unit_of(kind);
        if (kind.socket != nullptr) done("systemctl start prove-" + std::string(kind.name) + ".socket");
        done("systemctl start " + unit);
        expect_secret(kind);
        const std::string first = main_pid(unit);
        done("systemctl restart " + unit);
        EXPECT_NE(main_pid(unit), first);
        expect_secret(kind);
        done("systemctl stop " + unit);
        EXPECT_EQ(done("systemctl show -P ActiveState -P Result -P NRestarts " + unit).out, "success\n0\ninactive\n");
    }
}

TEST_F(Services, KeepTheirSecretsWhenOurDaemonsAreRestarted) {
    std::map<std::string, std::string> pids;
    for (const auto& kind : kKinds) {
        done("systemctl start " + unit_of(kind));
        pids[kind.name] = main_pid(unit_of(kind));
    }
    for (const char* daemon : {"attestd", "bridge", "identd", "gate", "secretd"}) {
        SCOPED_TRACE(daemon);
        const Machine& machine = daemon == std::string("gate") ? site_->vault() : node();
        const std::string unit = std::string("cloudtaser-") + daemon;
        const auto restarted =
            machine.sh("old=$(systemctl show -P MainPID " + unit + ")\nsystemctl restart " + unit +
                       "\ntest \"$old\" != 0 -a \"$old\" != \"$(systemctl show -P MainPID " + unit + ")\"");
        ASSERT_EQ(restarted.code, 0) << restarted.all();
        for (const auto& kind : kKinds) {
            expect_secret(kind);
            EXPECT_EQ(main_pid(unit_of(kind)), pids[kind.name]);
        }
        // And one that starts now.
        done("systemctl restart payments");
    }
}

TEST_F(Services, HaveTheirSecretsAfterAReboot) {
    std::string units;
    for (const auto& kind : kKinds)
        units += " " + unit_of(kind);
    done("systemctl enable prove-socket.socket" + units);
    const auto off = node().power_off();
    ASSERT_TRUE(off) << off.error().to_string();
    const auto on = node().power_on();
    ASSERT_TRUE(on) << on.error().to_string();
    for (const auto& kind : kKinds)
        expect_secret(kind);
    std::printf("up again, with all services, in %d ms\n", static_cast<int>(node().boot_time().count()));
    EXPECT_EQ(node().run({"systemctl", "list-units", "--failed", "--plain", "--no-legend"}).out, "")
        << site_->journals();
}

// Guard and program: systemd can't tell which is the main process of a unit that forks and does not say so.
TEST_F(Services, ThatForkNeedAPidFile) {
    done(
        "mkdir -p /run/systemd/system/prove-forking.service.d; systemctl stop prove-forking\n"
        "printf '[Service]\\nPIDFile=\\n' >/run/systemd/system/prove-forking.service.d/none.conf\n"
        "systemctl daemon-reload; systemctl start prove-forking");
    EXPECT_EQ(main_pid("prove-forking"), "0");
    EXPECT_EQ(ask({"forking", ""})["own"], hash_) << "it has its secret all the same";
    done("systemctl stop prove-forking; rm -r /run/systemd/system/prove-forking.service.d; systemctl daemon-reload");
}

// dbus-daemon can't name a dynamic user and lets it not in; dbus-broker does.
TEST_F(Services, WithADynamicUserNeedTheOtherBus) {
    const Kind dynamic{"dynamic", "Type=notify\nDynamicUser=yes"};
    write_unit(dynamic);
    done("systemd-tmpfiles --create /etc/tmpfiles.d/prove-dynamic.conf; systemctl daemon-reload");
    EXPECT_NE(node().sh("systemctl start prove-dynamic").code, 0);
    EXPECT_EQ(done("systemctl show -P ExecMainStatus prove-dynamic").out, "125\n");
    EXPECT_NE(
        done("journalctl --sync; journalctl -u prove-dynamic -o cat --no-pager").out.find("cloudtaser-workloads(5)"),
        std::string::npos);

    done("systemctl stop prove-dynamic; systemctl enable dbus-broker prove-dynamic");
    ASSERT_TRUE(node().power_off());
    ASSERT_TRUE(node().power_on());
    EXPECT_EQ(done("systemctl show -P Id dbus.service").out, "dbus-broker.service\n");
    expect_secret(dynamic);
    for (const auto& kind : kKinds)
        expect_secret(kind);
}

}  // namespace
}  // namespace ct::test
