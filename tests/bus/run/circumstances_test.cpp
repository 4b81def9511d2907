// SPDX-License-Identifier: Apache-2.0
// All that a program can see of its own process is as in a direct exec.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "bus/run/rig.h"

namespace ct::test {
namespace {

class Circumstances : public Guarded {
protected:
    // What the probe says about itself under cloudtaser-run and without, with the one difference that is there by design.
    void expect_equal(const std::function<void()>& before_exec,
                      const std::vector<std::string>& command = {probe(), "state"}) {
        const auto direct = plain(command, {.before_exec = before_exec}).end();
        const auto under = guarded(command, {.before_exec = before_exec}).end();
        EXPECT_EQ(direct.code, 0) << direct.rest;
        EXPECT_EQ(without_pipes(under.rest), without_pipes(direct.rest));
    }
    // The tests' pipes have other numbers each time.
    static std::string without_pipes(std::string text) {
        for (auto at = text.find("pipe:["); at != std::string::npos; at = text.find("pipe:[", at + 5))
            text.erase(at + 5, text.find(']', at) - at - 4);
        return text;
    }
};

TEST_F(Circumstances, Plain) {
    expect_equal([] {});
}

TEST_F(Circumstances, SignalsBlockedIgnoredAndPending) {
    expect_equal([] {
        sigset_t some;
        sigemptyset(&some);
        for (const int signal : {SIGCHLD, SIGUSR1, SIGTERM, SIGTRAP, SIGRTMIN + 3})
            sigaddset(&some, signal);
        ::sigprocmask(SIG_BLOCK, &some, nullptr);
        ::signal(SIGPIPE, SIG_IGN);
        ::signal(SIGHUP, SIG_IGN);
        ::raise(SIGUSR1);
    });
    expect_equal([] { ::signal(SIGCHLD, SIG_IGN); });
    expect_equal([] {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
    });
    expect_equal([] { ::signal(SIGTRAP, SIG_IGN); }, {"/bin/sh", "-c", "exec env $PROBE state"});
}

TEST_F(Circumstances, DescriptorsLimitsMaskFolderAndGroup) {
    expect_equal([] {
        ::dup2(1, 7);
        ::open("/dev/zero", O_RDONLY);
        ::close(0);
        ::umask(027);
        ::setpgid(0, 0);
        static_cast<void>(::chdir("/usr") < 0);
        const rlimit files{100, 200}, core{0, 4096}, locked{65536, 1 << 20};
        ::setrlimit(RLIMIT_NOFILE, &files);
        ::setrlimit(RLIMIT_CORE, &core);
        ::setrlimit(RLIMIT_MEMLOCK, &locked);
        ::setpriority(PRIO_PROCESS, 0, 5);
    });
    expect_equal([] { ::setsid(); });
    expect_equal([] {
        for (int fd = 0; fd < 3; ++fd)
            if (fd != 1) ::close(fd);
    });
}

TEST_F(Circumstances, OfAnOrdinaryUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
    expect_equal([] {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    });
}

TEST_F(Circumstances, AfterWrappersToo) {
    expect_equal([] {}, {"/bin/sh", "-c", "exec timeout 60 env $PROBE state"});
}

TEST_F(Circumstances, ThePidIsTheLaunchersSoNotifyUnitsWork) {
    const TempDir folder;
    const std::string path = folder.file("notify");
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
              0);  // NOLINT: the socket API
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
    auto child = guarded({"/bin/sh", "-c", "exec env $PROBE notify"}, {.environment = {{"NOTIFY_SOCKET", path}}});
    const int main_pid = child.pid();
    EXPECT_EQ(child.end().code, 0);
    char text[64] = {};
    alignas(cmsghdr) char control[256];
    iovec body{text, sizeof text};
    msghdr message{};
    message.msg_iov = &body;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ASSERT_EQ(::recvmsg(socket.get(), &message, MSG_DONTWAIT), 7);
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof sender);
    EXPECT_EQ(sender.pid, main_pid);
    EXPECT_STREQ(text, "READY=1");
}

TEST_F(Circumstances, ListenPidIsLeftAlone) {
    auto child = guarded({"/bin/sh", "-c", "exec $PROBE ids"},
                         {.environment = {{"LISTEN_PID", "4711"}, {"WATCHDOG_PID", "4711"}}});
    const int pid = child.pid();
    const auto end = child.end();
    EXPECT_EQ(end.rest,
              "pid " + std::to_string(pid) + " ppid " + std::to_string(::getpid()) + " listen 4711 watchdog 4711\n");
}

}  // namespace
}  // namespace ct::test
