// SPDX-License-Identifier: Apache-2.0
// What can't be served is refused: a reason, words, 125, and nothing has run.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "bus/run/rig.h"

namespace ct::test {
namespace {

class Refusal : public Guarded {
protected:
    static void expect_refused(const TalkingChild::End& end, const std::string& reason, int code = 125) {
        EXPECT_EQ(end.code, code) << end.rest;
        EXPECT_TRUE(end.rest.starts_with("cloudtaser-run: " + reason + ": ")) << end.rest;
        EXPECT_EQ(std::ranges::count(end.rest, '\n'), 1) << end.rest;
    }
};

TEST_F(Refusal, TheProgramIsLookedForAsByEnv) {
    expect_refused(run({"no-such-program"}), "target_not_found", 127);
    expect_refused(run({"/no/such/program"}), "target_not_found", 127);
    expect_refused(run({"/etc/passwd"}), "target_not_executable", 126);
    expect_refused(run({"/etc"}), "target_not_executable", 126);
    EXPECT_EQ(secretd_->workload(), "") << "nothing is asked for a program that can't be started";
}

TEST_F(Refusal, SetIdAndForeignPrograms) {
    expect_refused(run({"/usr/bin/passwd"}), "target_setuid");
    expect_refused(run({exec32()}), "target_architecture");
    const TempDir folder;
    const auto script = folder.write("script", "#!/usr/bin/passwd\n", 0755);
    expect_refused(run({script}), "target_setuid");
}

TEST_F(Refusal, BadOptions) {
    expect_refused(plain({built("cloudtaser-run"), "ls"}).end(), "invalid_argument");
    expect_refused(plain({built("cloudtaser-run"), "-w", "w", "-e", "x", "ls"}).end(), "invalid_argument");
    expect_refused(plain({built("cloudtaser-run"), "-c", "/no/such.toml", "ls"}).end(), "config_missing");
}

TEST_F(Refusal, TheDaemonsReasonIsTheUsers) {
    secretd_->refuse_sessions(Error{Reason::evidence_measurement_mismatch, "PCR 7 differs from the policy", 0});
    const auto end = run({"/bin/echo", "ran"});
    EXPECT_EQ(end.code, 125);
    EXPECT_EQ(end.rest, "cloudtaser-run: evidence_measurement_mismatch: PCR 7 differs from the policy\n");
}

TEST_F(Refusal, WithoutDaemonOrBus) {
    EXPECT_EQ(plain({built("cloudtaser-run"), "-w", "w", "/bin/echo", "ran"},
                    {.environment = {{"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/no/such"}}})
                  .end()
                  .code,
              125);
    const auto bus = PrivateBus::start({});
    ASSERT_TRUE(bus);
    expect_refused(run({"/bin/echo", "ran"}, {.environment = {{"DBUS_SYSTEM_BUS_ADDRESS", bus->address()}}}),
                   "daemon_unavailable");
}

TEST_F(Refusal, AnOutageIsWaitedForWhereThatIsAsked) {
    secretd_->refuse_sessions(Error{Reason::gate_unreachable, "connection refused", 0});
    const std::vector<std::string> patient{
        built("cloudtaser-run"), "-w", "payments", "--wait", "60", "/bin/echo", "ran"};
    auto waits = plain(patient);
    EXPECT_EQ(waits.line(), "cloudtaser-run: waiting: gate_unreachable: connection refused");
    secretd_->refuse_sessions(std::nullopt);
    expect_ok(waits.end(), "ran\n");

    secretd_->refuse_sessions(Error{Reason::gate_unreachable, "connection refused", 0});
    auto refused = plain(patient);
    EXPECT_EQ(refused.line(), "cloudtaser-run: waiting: gate_unreachable: connection refused");
    secretd_->refuse_sessions(Error{Reason::evidence_measurement_mismatch, "PCR 7 differs from the policy", 0});
    expect_refused(refused.end(), "evidence_measurement_mismatch");
}

TEST_F(Refusal, AnArmingThatFailsComesBeforeTheProgramRuns) {
    secretd_->refuse_arming(Error{Reason::secret_memory_unavailable, "no memfd_secret here", 0});
    expect_refused(run({"/bin/echo", "ran"}), "secret_memory_unavailable");
}

TEST_F(Refusal, WhenMemoryMayNotBeLocked) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
    const auto none = [] {
        const rlimit zero{0, 0};
        if (::setrlimit(RLIMIT_MEMLOCK, &zero) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    };
    expect_refused(run({"/bin/echo", "ran"}, {.before_exec = none}), "memlock_limit");
    const auto soft = [] {
        const rlimit little{0, 1 << 20};
        if (::setrlimit(RLIMIT_MEMLOCK, &little) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    };
    expect_ok(run({probe(), "value", "DB_PASSWORD"}, {.before_exec = soft}), secret_ + "\n");
}

TEST_F(Refusal, WhenTheTreeLosesItsRightToLockMemoryLaterOn) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
    const auto become = [] {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    };
    const auto end = script("ulimit -l 0; $PROBE value DB_PASSWORD; echo $?", {.before_exec = become});
    EXPECT_EQ(end.rest.find(secret_), std::string::npos);
    EXPECT_NE(end.rest.find("memlock_limit: RLIMIT_MEMLOCK"), std::string::npos) << end.rest;
    EXPECT_TRUE(end.rest.ends_with("125\n")) << end.rest;
}

TEST_F(Refusal, AGuardWithinAGuardedTree) {
    const auto end = script(built("cloudtaser-run") + " -w inner /bin/echo ran; echo $?");
    EXPECT_NE(end.rest.find("cloudtaser-run: guard_not_permitted: "), std::string::npos) << end.rest;
    EXPECT_TRUE(end.rest.ends_with("\n125\n")) << end.rest;
}

TEST_F(Refusal, AnUnreadableProgram) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
    const TempDir folder;
    ::chmod(folder.path().c_str(), 0755);
    const auto copy = folder.file("true");
    ASSERT_EQ(ct::test::run({.argv = {"cp", "/bin/true", copy}}).code, 0);
    ::chmod(copy.c_str(), 0711);
    const auto become = [] {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    };
    expect_refused(run({copy}, {.before_exec = become}), "guard_not_permitted");
    // The same later in the tree: it is killed before its first instruction, instead of running without.
    const auto end = script(copy + "; echo $?", {.before_exec = become});
    EXPECT_TRUE(end.rest.ends_with("137\n")) << end.rest;
}

// A bus on which secretd is a service that never replies; it ends when this object does.
struct SilentBus {
    SilentBus() : pipe(folder.file("pipe")) {
        if (::mkfifo(pipe.c_str(), 0600) == 0) hold = Fd(::open(pipe.c_str(), O_RDWR | O_CLOEXEC));
        bus = PrivateBus::start({.services = {{.name = "io.cloudtaser.Secret1", .argv = {"/bin/cat", pipe}}}});
    }
    TempDir folder;
    std::string pipe;
    Fd hold;
    Result<PrivateBus> bus = fail(Reason::internal);
};

TEST_F(Refusal, WhileItWaitsNobodyTakesItsDescriptors) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
    const SilentBus silent;
    ASSERT_TRUE(silent.bus) << silent.bus.error().to_string();
    const auto become = [] {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    };
    auto child = plain({built("cloudtaser-run"), "-w", "w", "/bin/echo", "ran"},
                       {.environment = {{"DBUS_SYSTEM_BUS_ADDRESS", silent.bus->address()}}, .before_exec = become});
    // It waits for the answer once it polls its connection to the bus.
    const std::string syscall = "/proc/" + std::to_string(child.pid()) + "/syscall";
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!read_file(syscall, 256).value_or("").starts_with("271 ") && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();  // ppoll
    const int code = as_user(65534, [&] {
        const auto pidfd = pidfd_open(child.pid());
        if (!pidfd) return 3;
        for (int fd = 0; fd < 16; ++fd)
            if (::syscall(SYS_pidfd_getfd, pidfd->get(), fd, 0) >= 0) return 1;
        return errno == EPERM ? 0 : 2;
    });
    EXPECT_EQ(code, 0);
}

TEST_F(Refusal, TheTimeoutIsKept) {
    const SilentBus silent;
    ASSERT_TRUE(silent.bus) << silent.bus.error().to_string();
    auto child = plain({built("cloudtaser-run"), "-w", "w", "-t", "1", "/bin/echo", "ran"},
                       {.environment = {{"DBUS_SYSTEM_BUS_ADDRESS", silent.bus->address()}}});
    expect_refused(child.end(Millis(20'000)), "timed_out");
}

}  // namespace
}  // namespace ct::test
