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
    {"kills the gate", [] { return ::kill(::getppid(), 0) == 0; }, -SIGSYS},
    {"traces the gate", [] { return ::ptrace(PTRACE_SEIZE, ::getppid(), nullptr, nullptr) == 0 || true; }, -SIGSYS},
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
