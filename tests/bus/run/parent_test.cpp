// SPDX-License-Identifier: Apache-2.0
// Where the launcher stays: PID 1 of a container, and a process that adopts orphans (which stands here also for yama's
// ptrace_scope 1, that this machine may not have).
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "bus/run/rig.h"

namespace ct::test {
namespace {

class ParentMode : public Guarded {
protected:
    static void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
    TalkingChild staying(const std::vector<std::string>& command, TalkingChild::Start start = {}) const {
        const auto more = start.before_exec;
        start.before_exec = [more] {
            more();
            adopt_orphans();
        };
        return guarded(command, std::move(start));
    }
    // As PID 1 of a PID namespace of its own.
    TalkingChild first_process(const std::vector<std::string>& command) const {
        std::vector<std::string> whole{
            "unshare", "--fork", "--pid", "--mount-proc", "--kill-child", built("cloudtaser-run"), "-w", "w", "--"};
        whole.insert(whole.end(), command.begin(), command.end());
        return plain(whole);
    }
    static bool may_unshare() {
        return ct::test::run({.argv = {"unshare", "--fork", "--pid", "--mount-proc", "true"}}).code == 0;
    }
};

TEST_F(ParentMode, TheProgramHasItsSecretsAndSoHasItsTree) {
    auto child = staying({"/bin/sh", "-c", "env $PROBE value DB_PASSWORD; exec timeout 60 $PROBE hold TOKEN"});
    ASSERT_TRUE(child.line_comes(secret_));
    ASSERT_TRUE(child.line_comes("ready"));
    const auto tree = process_tree(child.pid());
    EXPECT_EQ(tree.size(), 4U) << "launcher, guard, timeout, probe";
    for (const int pid : tree) {
        EXPECT_EQ(describe(*find_copies(pid, secret_)), "none");
        EXPECT_EQ(describe(*find_copies(pid, token_)), "none");
    }
    child.say("\n");
    expect_ok(child.end(), token_ + "\n");
}

TEST_F(ParentMode, ItEndsAsTheProgramEnds) {
    for (const char* code : {"0", "3", "125"})
        EXPECT_EQ(staying({probe(), "value", "X", code}).end().code, std::stoi(code));
    for (const int signal : {SIGTERM, SIGKILL, SIGSEGV, SIGRTMIN})
        EXPECT_EQ(staying({probe(), "die", std::to_string(signal)}).end().signal, signal);
}

TEST_F(ParentMode, RefusalsKeepTheirCodes) {
    secretd_->refuse_arming(Error{Reason::session_ended, "revoked", 0});
    auto child = staying({"/bin/echo", "ran"});
    const auto end = child.end();
    EXPECT_EQ(end.code, 125);
    EXPECT_EQ(end.rest, "cloudtaser-run: session_ended: revoked\n");
}

TEST_F(ParentMode, SignalsAreHandedOn) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGQUIT, SIGPIPE, SIGRTMIN + 5}) {
        auto child = staying({probe(), "trap"});
        ASSERT_TRUE(child.line_comes("ready"));
        ::kill(child.pid(), signal);
        EXPECT_EQ(child.end().code, 40 + signal);
    }
}

TEST_F(ParentMode, ASignalThatComesTooEarlyWaitsForTheProgram) {
    auto child = staying({probe(), "trap"}, {.before_exec = [] {
                             sigset_t all;
                             sigfillset(&all);
                             ::sigprocmask(SIG_BLOCK, &all,
                                           nullptr);  // a launcher that has not blocked them itself yet would die
                             ::raise(SIGUSR1);
                         }});
    EXPECT_EQ(child.end().code, 40 + SIGUSR1);
}

TEST_F(ParentMode, TheProgramsMaskAndDispositionsAreTheOnesGiven) {
    const auto before = [] {
        sigset_t some;
        sigemptyset(&some);
        sigaddset(&some, SIGUSR2);
        ::sigprocmask(SIG_BLOCK, &some, nullptr);
        ::signal(SIGCHLD, SIG_IGN);
        ::signal(SIGPIPE, SIG_IGN);
    };
    const auto lines_of = [](const std::string& text) {
        std::string kept;
        for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
            if (text.compare(at, 3, "Sig") == 0 || text.compare(at, 3, "fd ") == 0)
                kept += text.substr(at, end - at + 1);
        for (auto at = kept.find("pipe:["); at != std::string::npos; at = kept.find("pipe:[", at + 5))
            kept.erase(at + 5, kept.find(']', at) - at - 4);
        return kept;
    };
    EXPECT_EQ(lines_of(staying({probe(), "state"}, {.before_exec = before}).end().rest),
              lines_of(plain({probe(), "state"}, {.before_exec = before}).end().rest));
}

TEST_F(ParentMode, VariablesThatNameThePidFollow) {
    // LISTEN_PID must be the launcher's own pid to be ours to change: exec keeps it.
    auto child =
        plain({"/bin/sh", "-c", "LISTEN_PID=$$ WATCHDOG_PID=1 exec " + built("cloudtaser-run") + " -w w $PROBE ids"},
              {.before_exec = adopt_orphans});
    const auto end = child.end();
    int pid = 0, listen = 0, watchdog = 0;
    ASSERT_EQ(std::sscanf(end.rest.c_str(), "pid %d ppid %*d listen %d watchdog %d", &pid, &listen, &watchdog), 3)
        << end.rest;
    EXPECT_EQ(listen, pid);
    EXPECT_EQ(watchdog, 1);
}

TEST_F(ParentMode, WhoOutlivesTheProgramKeepsItsGuard) {
    auto child =
        staying({probe(), "orphan", "7", "/bin/bash", "-c", "echo ready; read x; exec $PROBE value DB_PASSWORD"});
    EXPECT_EQ(child.wait().code, 7);
    ASSERT_TRUE(child.line_comes("ready"));
    child.say("go\n");
    EXPECT_EQ(child.end().rest, secret_ + "\n");
}

TEST_F(ParentMode, AKilledLauncherTakesItsProgramAlong) {
    auto child = staying({"/bin/sh", "-c", "echo $$; exec $PROBE hold TOKEN"});
    const auto pid = child.line();
    ASSERT_TRUE(pid);
    ASSERT_TRUE(child.line_comes("ready"));
    const auto program = pidfd_open(std::stoi(*pid));
    ASSERT_TRUE(program);
    ::kill(child.pid(), SIGKILL);
    EXPECT_EQ(child.wait().signal, SIGKILL);
    // The program's end closes its output; nothing else holds it.
    EXPECT_FALSE(child.line());
}

TEST_F(ParentMode, AKilledGuardLeavesTheProgramRunning) {
    auto child = staying({"/bin/bash", "-c", "echo ready; read x; $PROBE value TOKEN; exit 55"});
    ASSERT_TRUE(child.line_comes("ready"));
    for (const int pid : children_of(child.pid()))
        ::kill(pid, SIGKILL);
    child.say("go\n");
    const auto end = child.end();
    EXPECT_EQ(end.code, 55) << end.rest;
    EXPECT_EQ(end.rest.find(token_), std::string::npos);
}

TEST_F(ParentMode, AsPidOne) {
    if (!may_unshare()) GTEST_SKIP() << "no right to make a PID namespace";
    auto child = first_process(
        {"/bin/sh", "-c", "$PROBE value DB_PASSWORD; ($PROBE orphan 0 /bin/true &); exec $PROBE hold TOKEN"});
    ASSERT_TRUE(child.line_comes(secret_));
    ASSERT_TRUE(child.line_comes("ready"));
    child.say("\n");
    expect_ok(child.end(), token_ + "\n");
    EXPECT_EQ(first_process({probe(), "value", "X", "44"}).end().code, 44);
    EXPECT_EQ(first_process({probe(), "die", "9"}).end().code, 137);
}

TEST_F(ParentMode, AsPidOneOrphansAreReapedAndSignalsHandedOn) {
    if (!may_unshare()) GTEST_SKIP() << "no right to make a PID namespace";
    // Ten orphans end, which the pipe tells; then no zombie stays, and the init gets a TERM from inside.
    auto child = first_process(
        {"/bin/bash", "-c",
         "trap 'echo term; exit 9' TERM; for i in $(seq 10); do (sh -c 'true &' &); done | cat; "
         "while grep -qs 'State:.Z' /proc/[0-9]*/status; do :; done; echo reaped; tail -f /dev/null & kill -TERM 1; wait"});
    EXPECT_TRUE(child.line_comes("reaped"));
    EXPECT_TRUE(child.line_comes("term"));
    EXPECT_EQ(child.end().code, 9);
}

}  // namespace
}  // namespace ct::test
