// SPDX-License-Identifier: Apache-2.0
// One program, started by cloudtaser-run: it has its secrets, and nothing else is different.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "bus/run/rig.h"

namespace ct::test {
namespace {

class Delivery : public Guarded {};

TEST_F(Delivery, TheProgramSeesTheValueAndProcShowsTheNameAlone) {
    auto child = guarded({probe(), "hold", "DB_PASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    for (const char* name : {"DB_PASSWORD", "TOKEN"}) {
        const auto shown = shown_value(child.pid(), name);
        ASSERT_TRUE(shown) << name;
        EXPECT_EQ(shown->find_first_not_of('\0'), std::string::npos) << *shown;
    }
    const auto copies = find_copies(child.pid(), secret_);
    ASSERT_TRUE(copies) << copies.error().to_string();
    EXPECT_EQ(describe(*copies), "none");
    child.say("\n");
    expect_ok(child.end(), secret_ + "\n");
}

TEST_F(Delivery, TheScannerFindsWhatAPlainProgramHolds) {
    auto child = plain({probe(), "hold", "DB_PASSWORD"}, {.environment = {{"DB_PASSWORD", secret_}}});
    ASSERT_TRUE(child.line_comes("ready"));
    EXPECT_EQ(describe(*find_copies(child.pid(), secret_)), "1 in [stack]");
    EXPECT_EQ(shown_value(child.pid(), "DB_PASSWORD"), secret_ + '\0');
    child.close_input();
    EXPECT_EQ(child.end().code, 3);
}

TEST_F(Delivery, TheSecretsLieInOneMappingWithoutDescriptor) {
    auto child = guarded({probe(), "hold", "DB_PASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    int secret = 0;
    const auto all = mappings(child.pid());
    ASSERT_TRUE(all);
    for (const auto& mapping : *all) {
        if (!mapping.is_secret()) continue;
        ++secret;
        EXPECT_EQ(mapping.permissions, "rw-s");
    }
    EXPECT_EQ(secret, 1);
    const auto guard = guard_pid();
    ASSERT_NE(guard, 0);
    for (const int pid : {child.pid(), guard}) {
        for (int fd = 0; fd < 64; ++fd) {
            char link[256] = {};
            const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd);
            if (::readlink(path.c_str(), link, sizeof link - 1) < 0) continue;
            EXPECT_EQ(std::string_view(link).find("secretmem"), std::string_view::npos) << path;
        }
    }
    EXPECT_EQ(describe(*find_copies(guard, secret_)), "none");
    child.close_input();
    EXPECT_EQ(child.end().code, 3);
}

TEST_F(Delivery, TheGuardIsNobodysBusiness) {
    auto child = guarded({probe(), "hold", "DB_PASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    const int guard = guard_pid();
    ASSERT_NE(guard, 0);
    const std::string proc = "/proc/" + std::to_string(guard);
    EXPECT_EQ(read_file(proc + "/cmdline", 4096).value_or("").substr(0, 17), std::string("cloudtaser-guard\0", 17));
    EXPECT_EQ(children_of(child.pid()), std::vector<int>{});
    EXPECT_EQ(::getsid(guard), guard) << "a session of its own: no terminal that closes can end it";
    const std::string status = read_file(proc + "/status", 8192).value_or("");
    EXPECT_NE(status.find("SigBlk:\tfffffffe7ffbfeff"), std::string::npos) << status;  // all that can be
    // Not even its own user may look into it.
    const auto as_nobody = [&](int pid) {
        return as_user(
            65534, [&] { return ::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY) >= 0 ? 1 : 0; });
    };
    EXPECT_EQ(as_nobody(guard), 0);
    char link[256] = {};
    EXPECT_GT(::readlink((proc + "/cwd").c_str(), link, sizeof link - 1), 0);
    EXPECT_STREQ(link, "/") << "it pins no file system";
    // Standard error last: it lets go of that when the program has been started, which may say a word of its own before.
    for (int fd = 0; fd < 3; ++fd) {
        char name[256] = {};
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        do {
            std::ranges::fill(name, '\0');
            EXPECT_GT(::readlink((proc + "/fd/" + std::to_string(fd)).c_str(), name, sizeof name - 1), 0);
        } while (name != std::string_view("/dev/null") && std::chrono::steady_clock::now() < until);
        EXPECT_STREQ(name, "/dev/null") << fd;
    }
    child.close_input();
    EXPECT_EQ(child.end().code, 3);
}

TEST_F(Delivery, ExitCodesAndSignalsAreTheProgramsOwn) {
    for (const char* code : {"0", "1", "77", "125", "255"})
        EXPECT_EQ(run({probe(), "value", "X", code}).code, std::stoi(code));
    for (const int signal : {SIGTERM, SIGKILL, SIGSEGV, SIGHUP})
        EXPECT_EQ(run({probe(), "die", std::to_string(signal)}, {.before_exec =
                                                                     [] {
                                                                         const rlimit none{0, 0};
                                                                         ::setrlimit(RLIMIT_CORE, &none);
                                                                     }})
                      .signal,
                  signal);
}

TEST_F(Delivery, ArgumentsArePassedByteForByte) {
    expect_ok(run({"/usr/bin/printf", "[%s]", "", "a b", "\xff\xfe", "-x", "'\"$HOME"}),
              "[][a b][\xff\xfe][-x]['\"$HOME]");
}

TEST_F(Delivery, AScriptWithAnInterpreterLineAndOneWithout) {
    const TempDir folder;
    const auto with = folder.write("with", "#!/bin/sh\necho $DB_PASSWORD $0 $*\n", 0755);
    const auto without = folder.write("without", "echo $DB_PASSWORD $0 $*\n", 0755);
    expect_ok(run({with, "x", "y"}), secret_ + " " + with + " x y\n");
    expect_ok(run({without, "x", "y"}), secret_ + " " + without + " x y\n");
}

TEST_F(Delivery, AProgramFoundInPathKeepsItsNameAsGiven) {
    const TempDir folder;
    folder.write("tool", "#!/bin/sh\ntr '\\0' ' ' < /proc/$$/cmdline\n", 0755);
    const auto end = run({"tool", "x"}, {.environment = {{"PATH", folder.path() + ":/bin:/usr/bin"}}});
    EXPECT_EQ(end.rest, "/bin/sh " + folder.path() + "/tool x ");
    expect_ok(run({"sh", "-c", "echo $0"}), "sh\n");
}

TEST_F(Delivery, AMappedNameWinsOverTheCallersAndOthersStay) {
    const auto end = run({"/usr/bin/env"}, {.environment = {{"DB_PASSWORD", "mine"}, {"OTHER", "kept"}}});
    EXPECT_NE(end.rest.find("DB_PASSWORD=" + secret_ + "\n"), std::string::npos);
    EXPECT_EQ(end.rest.find("mine"), std::string::npos);
    EXPECT_NE(end.rest.find("OTHER=kept\n"), std::string::npos);
}

TEST_F(Delivery, ValuesOfEveryShape) {
    const std::string large(100'000, 'L');
    secretd_->set("DB_PASSWORD", {""});
    secretd_->set("TOKEN", {"two\nlines = \xc3\xa4\x01"});
    secretd_->set("LARGE", {large});
    expect_ok(run({probe(), "value", "DB_PASSWORD"}), "\n");
    expect_ok(run({probe(), "value", "TOKEN"}), "two\nlines = \xc3\xa4\x01\n");
    expect_ok(run({probe(), "value", "LARGE"}), large + "\n");
    expect_ok(script("exec $PROBE value LARGE"), large + "\n");
}

TEST_F(Delivery, AHundredSecrets) {
    for (int i = 0; i < 100; ++i)
        secretd_->set("S" + std::to_string(i), {"value-of-" + std::to_string(i) + "-" + secret_});
    const auto end = run({"/bin/sh", "-c", "env | grep -c value-of-; echo $S0 $S99"});
    expect_ok(end, "100\nvalue-of-0-" + secret_ + " value-of-99-" + secret_ + "\n");
}

TEST_F(Delivery, AWorkloadWithoutSecretsRunsAsItIs) {
    secretd_ = *StandInSecretd::start({});
    expect_ok(run({probe(), "value", "DB_PASSWORD"}), "(unset)\n");
}

TEST_F(Delivery, OptionsReachTheDaemon) {
    auto child = plain({built("cloudtaser-run"), "-w", "billing", "-e", "A=kv/a#b", "--env=C=kv/c/d#e", "/bin/true"});
    EXPECT_EQ(child.end().code, 0);
    EXPECT_EQ(secretd_->workload(), "billing");
    EXPECT_EQ(secretd_->asked(), (std::map<std::string, std::string>{{"A", "kv/a#b"}, {"C", "kv/c/d#e"}}));
}

TEST_F(Delivery, TheSessionEndsWithTheTreeAndNotBefore) {
    auto child = guarded({probe(), "orphan", "9", probe(), "hold", "TOKEN"});
    EXPECT_EQ(child.wait().code, 9);
    ASSERT_TRUE(child.line_comes("ready")) << "a child that outlives the program keeps its secret";
    EXPECT_FALSE(secretd_->all_lines_closed_within(Millis(0)));
    child.say("\n");
    EXPECT_EQ(child.end().rest, token_ + "\n");
    EXPECT_TRUE(secretd_->all_lines_closed_within(Millis(30'000)));
}

}  // namespace
}  // namespace ct::test
