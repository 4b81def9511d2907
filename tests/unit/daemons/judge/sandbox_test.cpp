// SPDX-License-Identifier: Apache-2.0
// What a judge that was taken over would try: each attempt works before the sandbox and not within.
#include "daemons/judge/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "base/no_secrets.h"
#include "codec/json.h"

namespace ct::judge {
namespace {

constexpr int kDone = 10, kRefused = 11, kNoSandbox = 12;

// At once: gcov would write files first, which is not for a sandbox.
[[noreturn]] void leave(int code) {
    ::syscall(SYS_exit_group, code);
    std::abort();
}

// How a child ends that tries `attempt`: its exit code, or minus the signal.
int try_it(bool inside, bool (*attempt)()) {
    const int child = ::fork();
    if (child == 0) {
        if (inside && !enter_sandbox()) leave(kNoSandbox);
        leave(attempt() ? kDone : kRefused);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

// The gate's part is played by the test's own process. Found out before any sandbox: there the very question is an end.
const int kGate = ::getpid();
const int kGateDescriptor = static_cast<int>(::syscall(SYS_pidfd_open, kGate, 0));

siginfo_t queued() {
    siginfo_t out{};
    out.si_code = SI_QUEUE;
    return out;
}

struct Attempt {
    const char* name;
    bool (*act)();
    int inside;
};

const Attempt kAttempts[] = {
    {"reads a file", [] { return ::open("/etc/passwd", O_RDONLY) >= 0; }, kRefused},
    {"connects", [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }, -SIGSYS},
    {"talks to local services", [] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }, -SIGSYS},
    {"starts a program", [] { return ::execl("/bin/true", "true", nullptr) == 0; }, -SIGSYS},
    {"forks",
     [] {
         const int pid = ::fork();
         if (pid == 0) ::_exit(0);
         return pid > 0;
     },
     -SIGSYS},
    {"kills the gate", [] { return ::kill(kGate, 0) == 0; }, -SIGSYS},
    // Signal 0 is sent to see whether a real one would arrive.
    {"signals the gate as a thread", [] { return ::syscall(SYS_tgkill, kGate, kGate, 0) == 0; }, -SIGSYS},
    {"signals a thread of any process", [] { return ::syscall(SYS_tkill, kGate, 0) == 0; }, -SIGSYS},
    {"queues a signal for the gate",
     [] {
         auto info = queued();
         return ::syscall(SYS_rt_sigqueueinfo, kGate, 0, &info) == 0;
     },
     -SIGSYS},
    {"queues a signal for a thread of the gate",
     [] {
         auto info = queued();
         return ::syscall(SYS_rt_tgsigqueueinfo, kGate, kGate, 0, &info) == 0;
     },
     -SIGSYS},
    {"signals the gate by a descriptor",
     [] { return ::syscall(SYS_pidfd_send_signal, kGateDescriptor, 0, nullptr, 0) == 0; }, -SIGSYS},
    // Outside Yama may forbid it to whoever is not root; within, the call itself is the end.
    {"traces the gate", [] { return ::ptrace(PTRACE_SEIZE, kGate, nullptr, nullptr) == 0 || true; }, -SIGSYS},
    {"makes a file of memory", [] { return ::memfd_create("x", 0) >= 0; }, -SIGSYS},
    {"duplicates its socket", [] { return ::dup(1) >= 0; }, -SIGSYS},
};

TEST(Sandbox, EachAttemptWorksOutsideAndNotWithin) {
    for (const auto& attempt : kAttempts) {
        const int outside = try_it(false, attempt.act);
        // exec leaves with the program's own code.
        EXPECT_TRUE(outside == kDone || outside == 0) << attempt.name << ": " << outside;
        EXPECT_EQ(try_it(true, attempt.act), attempt.inside) << attempt.name;
    }
}

// What Intel publishes is JSON, and a judge reads it.
TEST(Sandbox, JsonOfAnySizeIsRead) {
    EXPECT_EQ(try_it(true,
                     [] {
                         hold_no_secrets();
                         std::string text = "[0";
                         while (text.size() < 400'000)
                             text += ",0";
                         auto copy = SecretBuffer::copy_of(as_bytes(text + "]"));
                         return copy && json::Document::parse(std::move(*copy), {.size = 1 << 20, .values = 1 << 20});
                     }),
              kDone);
}

// abort() is one signal to itself, which is one too many; it ends all the same.
TEST(Sandbox, AJudgeThatAbortsIsGone) {
    EXPECT_EQ(try_it(true, []() -> bool { std::abort(); }), -SIGSYS);
}

TEST(Sandbox, MemoryIsThere) {
    EXPECT_EQ(try_it(true,
                     [] {
                         void* at =
                             ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                         return at != MAP_FAILED && ::munmap(at, 1 << 20) == 0;
                     }),
              kDone);
}

}  // namespace
}  // namespace ct::judge
