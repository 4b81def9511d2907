// SPDX-License-Identifier: Apache-2.0
// The filter in the kernel, without any guard: who asks, and what answers do.
#include "clients/run/seccomp.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "clients/run/arch_x86_64.h"
#include "clients/run/channel.h"

namespace ct::run {
namespace {

const char* const kArguments[] = {"/bin/true", nullptr};
const char* const kEnvironment[] = {"A=1", nullptr};

class Filtered : public testing::Test {
protected:
    // Runs `body` in a child under the filter; its result is the exit code.
    void start(int (*body)()) {
        auto channel = open_channel();
        ASSERT_TRUE(channel);
        child_ = ::fork();
        ASSERT_GE(child_, 0);
        if (child_ == 0) {
            auto listener = install_exec_filter();
            if (!listener || !channel->launcher.send_listener(std::move(*listener))) ::_exit(99);
            ::_exit(body());
        }
        channel->launcher = LauncherEnd(Fd());  // ours of the child's end
        auto listener = channel->guard.listener();
        ASSERT_TRUE(listener) << "the filter could not be installed: " << listener.error().to_string();
        listener_.emplace(std::move(*listener));
    }
    ExecCall next() {
        auto call = listener_->next();
        EXPECT_TRUE(call && *call);
        return call && *call ? **call : ExecCall{};
    }
    int end() const {
        int status = 0;
        EXPECT_EQ(::waitpid(child_, &status, 0), child_);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    pid_t child_ = -1;
    std::optional<Listener> listener_;
};

int try_execve() {
    ::syscall(SYS_execve, kArguments[0], kArguments, kEnvironment);
    return errno;
}

TEST_F(Filtered, AnExecWaitsAndPassesWhenItIsLet) {
    start(try_execve);
    const ExecCall call = next();
    EXPECT_EQ(call.tid, child_);
    EXPECT_EQ(call.number, arch::kExecve);
    EXPECT_TRUE(call.is_64bit());
    EXPECT_EQ(call.environment(),
              reinterpret_cast<std::uint64_t>(kEnvironment));  // NOLINT: the same in parent and child
    EXPECT_TRUE(listener_->still_waits(call));
    listener_->let_pass(call);
    EXPECT_EQ(end(), 0);
}

TEST_F(Filtered, ARefusalIsTheErrorThatTheCallerSees) {
    start(try_execve);
    listener_->refuse(next(), EXDEV);
    EXPECT_EQ(end(), EXDEV);
}

TEST_F(Filtered, ExecveatIsHeardWithItsOwnArguments) {
    start([] {
        ::syscall(SYS_execveat, AT_FDCWD, kArguments[0], kArguments, kEnvironment, 0);
        return errno;
    });
    const ExecCall call = next();
    EXPECT_EQ(call.number, arch::kExecveat);
    EXPECT_EQ(call.environment(), reinterpret_cast<std::uint64_t>(kEnvironment));
    listener_->let_pass(call);
    EXPECT_EQ(end(), 0);
}

TEST_F(Filtered, TheX32AbiIsNoWayAround) {
    start([] {
        ::syscall(arch::kX32Execve, kArguments[0], kArguments, kEnvironment);
        if (errno != EPERM) return 1;
        ::syscall(arch::kX32Execveat, AT_FDCWD, kArguments[0], kArguments, kEnvironment, 0);
        return errno == EPERM ? 42 : 2;
    });
    EXPECT_EQ(end(), 42);
}

TEST_F(Filtered, The32BitCallGateIsNoWayAround) {
    start([] {
        // int 0x80 takes 32-bit pointers; bad ones will do, as the filter sees the call first.
        long result = arch::kExecve32;
        asm volatile("int $0x80" : "+a"(result) : "b"(16), "c"(32), "d"(48) : "memory", "r8", "r9", "r10", "r11");
        return static_cast<int>(-result);
    });
    int status = 0;
    if (::waitpid(child_, &status, WNOHANG) == child_) GTEST_SKIP() << "a kernel without 32-bit emulation";
    const ExecCall call = next();
    EXPECT_FALSE(call.is_64bit());
    EXPECT_EQ(call.environment(), 48U);
    listener_->refuse(call, EXDEV);
    EXPECT_EQ(end(), EXDEV);
}

TEST_F(Filtered, ADescriptorCanBeTheAnswer) {
    start([] {
        const long fd = ::syscall(SYS_execve, nullptr, nullptr, nullptr);
        char byte = 0;
        return fd > 0 && ::read(static_cast<int>(fd), &byte, 1) == 1 ? byte : 1;
    });
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd read_end(ends[0]), write_end(ends[1]);
    ASSERT_EQ(::write(write_end.get(), "*", 1), 1);
    EXPECT_TRUE(listener_->answer_with_fd(next(), read_end));
    EXPECT_EQ(end(), '*');
}

TEST_F(Filtered, AnAnswerToTheDeadIsNoError) {
    start(try_execve);
    const ExecCall call = next();
    ::kill(child_, SIGKILL);
    EXPECT_EQ(end(), 128 + SIGKILL);
    EXPECT_FALSE(listener_->still_waits(call));
    listener_->let_pass(call);
    listener_->refuse(call, EPERM);
}

TEST_F(Filtered, WithoutAListenerEveryExecFails) {
    start(try_execve);
    listener_.reset();  // the guard was killed
    EXPECT_EQ(end(), ENOSYS);
}

TEST_F(Filtered, ASecondListenerIsRefusedInWords) {
    start([] {
        const auto second = install_exec_filter();
        return !second && second.error().reason == Reason::guard_not_permitted &&
                       second.error().context.find("another exec guard") != std::string::npos
                   ? 42
                   : 1;
    });
    EXPECT_EQ(end(), 42);
}

}  // namespace
}  // namespace ct::run
