// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>

namespace ct {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
bool is_cloexec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }
Fd some_fd() { return Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }

TEST(Fd, ClosesOnDestruction) {
    int raw = -1;
    {
        const Fd fd = some_fd();
        raw = fd.get();
        EXPECT_TRUE(is_open(raw));
    }
    EXPECT_FALSE(is_open(raw));
}

TEST(Fd, AMovedFromObjectHoldsNothing) {
    Fd from = some_fd();
    const int raw = from.get();
    const Fd to = std::move(from);
    EXPECT_EQ(to.get(), raw);
    EXPECT_EQ(from.get(), -1);  // NOLINT(bugprone-use-after-move): that is the contract
    EXPECT_FALSE(from);
}

TEST(Fd, MoveAssignmentClosesWhatWasHeldBefore) {
    Fd target = some_fd();
    const int old = target.get();
    Fd other = some_fd();
    const int kept = other.get();
    target = std::move(other);
    EXPECT_FALSE(is_open(old));
    EXPECT_TRUE(is_open(kept));
    EXPECT_EQ(target.get(), kept);
}

TEST(Fd, SelfMoveKeepsTheDescriptor) {
    Fd fd = some_fd();
    const int raw = fd.get();
    Fd& alias = fd;
    fd = std::move(alias);
    EXPECT_EQ(fd.get(), raw);
    EXPECT_TRUE(is_open(raw));
}

TEST(Fd, AStolenDescriptorIsNotClosed) {
    Fd fd = some_fd();
    const int raw = fd.release();
    EXPECT_FALSE(fd);
    fd.reset();
    EXPECT_TRUE(is_open(raw));
    ::close(raw);
}

TEST(Fd, ResetTwiceClosesOnceAndKeepsErrno) {
    Fd fd = some_fd();
    const int raw = fd.get();
    errno = EDOM;
    fd.reset();
    const Fd reuses_the_number = some_fd();  // the lowest free number
    ASSERT_EQ(reuses_the_number.get(), raw);
    fd.reset();
    EXPECT_TRUE(is_open(raw));
    errno = EDOM;
    Fd invalid(1 << 20);  // close(2) says EBADF
    invalid.reset();
    EXPECT_EQ(errno, EDOM);
}

TEST(Fd, ADuplicateIsIndependentAndCloexec) {
    Fd fd = some_fd();
    auto copy = fd.duplicate();
    ASSERT_TRUE(copy);
    fd.reset();
    EXPECT_TRUE(is_open(copy->get()));
    EXPECT_TRUE(is_cloexec(copy->get()));
    EXPECT_FALSE(Fd().duplicate());
}

TEST(Fd, ASocketPairIsConnectedAndCloexec) {
    auto pair = socket_pair();
    ASSERT_TRUE(pair);
    EXPECT_TRUE(is_cloexec(pair->ours.get()));
    EXPECT_TRUE(is_cloexec(pair->theirs.get()));
    ASSERT_TRUE(write_all(pair->ours.get(), "hello", 5));
    pair->ours.reset();
    EXPECT_EQ(read_fd(pair->theirs.get(), 100), "hello");
}

// A child that lives until the returned pipe end is closed.
struct Child {
    Child() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        pid = ::fork();
        if (pid == 0) {
            ::close(ends[1]);
            char byte = 0;
            (void)!::read(ends[0], &byte, 1);
            ::_exit(0);
        }
        ::close(ends[0]);
        leash = Fd(ends[1]);
    }
    void end_and_reap() {
        leash.reset();
        ::waitpid(pid, nullptr, 0);
    }
    pid_t pid = -1;
    Fd leash;
};

TEST(Pidfd, NamesItsProcessWhileItLivesAndNothingAfterwards) {
    Child child;
    auto pidfd = pidfd_open(child.pid);
    ASSERT_TRUE(pidfd);
    EXPECT_EQ(pidfd_pid(pidfd->get()), child.pid);
    child.end_and_reap();
    auto gone = pidfd_pid(pidfd->get());
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().reason, Reason::session_ended);
    auto reopened = pidfd_open(child.pid);
    ASSERT_FALSE(reopened);
    EXPECT_EQ(reopened.error().sys_errno, ESRCH);
}

TEST(Pidfd, AnyOtherDescriptorIsRefused) {
    const Fd fd = some_fd();
    auto pid = pidfd_pid(fd.get());
    ASSERT_FALSE(pid);
    EXPECT_EQ(pid.error().reason, Reason::caller_mismatch);
    EXPECT_FALSE(pidfd_pid(-1));
}

TEST(ReadFile, StopsAtItsLimit) {
    auto whole = read_file("/proc/self/maps", 1 << 20);
    ASSERT_TRUE(whole);
    EXPECT_GT(whole->size(), 100U);
    auto cut = read_file("/proc/self/maps", 100);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().reason, Reason::too_large);
    EXPECT_EQ(cut.error().context, "/proc/self/maps");
}

TEST(ReadFile, EndlessInputEndsAtItsLimit) {
    auto endless = read_file("/dev/zero", 4096);
    ASSERT_FALSE(endless);
    EXPECT_EQ(endless.error().reason, Reason::too_large);
}

TEST(ReadFile, NamesTheFileThatIsMissing) {
    auto missing = read_file("/no/such/file", 10);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().to_string(), "io_failed: /no/such/file: No such file or directory");
}

TEST(WriteAll, WritesMoreThanAPipeHolds) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd out(ends[0]);
    Fd in(ends[1]);
    const std::string big(1 << 20, 'x');
    Result<std::string> got;
    std::thread reader([&] { got = read_fd(out.get(), 2 << 20); });
    EXPECT_TRUE(write_all(in.get(), big.data(), big.size()));
    in.reset();
    reader.join();
    EXPECT_EQ(got, big);
    EXPECT_FALSE(write_all(-1, "x", 1));
}

}  // namespace
}  // namespace ct
