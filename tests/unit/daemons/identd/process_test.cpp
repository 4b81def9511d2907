// SPDX-License-Identifier: Apache-2.0
#include "daemons/identd/process.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "support/process.h"

namespace ct::identd {
namespace {

constexpr Millis kPatience{20'000};

// A process that waits until its input is closed, as `uid`, and may then become another program.
class Waiting {
public:
    explicit Waiting(uid_t uid, const std::string& program = "/bin/cat", const char* then_exec = nullptr) {
        int in[2], out[2];
        EXPECT_EQ(::pipe2(in, O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(in[0], 0);
            ::dup2(out[1], 1);
            if (::getuid() != uid && (::setgroups(0, nullptr) != 0 || ::setgid(uid) != 0 || ::setuid(uid) != 0))
                ::_exit(77);
            if (then_exec != nullptr)
                ::execl("/bin/sh", "sh", "-c", then_exec, nullptr);
            else
                ::execl(program.c_str(), program.c_str(), nullptr);
            ::_exit(78);
        }
        input_ = Fd(in[1]);
        output_ = Fd(out[0]);
        ::close(in[0]);
        ::close(out[1]);
        pidfd_ = std::move(*pidfd_open(pid_));
        echo();  // once it echoes, it runs its program
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { end(); }
    void echo() {
        EXPECT_TRUE(write_all(input_.get(), "x\n", 2));
        char line[2];
        EXPECT_EQ(::read(output_.get(), line, 2), 2);
    }
    // The shell below takes one line before it becomes cat, which echoes the next.
    void become_cat() {
        EXPECT_TRUE(write_all(input_.get(), "go\n", 3));
        echo();
    }
    void end() {
        input_.reset();
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const Fd& pidfd() const { return pidfd_; }

private:
    pid_t pid_ = -1;
    Fd input_, output_, pidfd_;
};

ino_t inode_of(const std::string& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_ino;
}
ino_t inode_of(const Fd& file) {
    struct stat info{};
    EXPECT_EQ(::fstat(file.get(), &info), 0);
    return info.st_ino;
}

TEST(Process, IsDescribedByWhatTheKernelSays) {
    const Waiting child(::getuid());
    const auto look = look_at(child.pidfd());
    ASSERT_TRUE(look) << look.error().to_string();
    EXPECT_EQ(look->process.pid, static_cast<std::uint32_t>(child.pid()));
    EXPECT_EQ(look->process.uid, ::getuid());
    EXPECT_EQ(look->process.gid, ::getgid());
    EXPECT_EQ(look->process.executable, std::filesystem::canonical("/bin/cat"));
    EXPECT_EQ(inode_of(look->file), inode_of("/bin/cat"));
    EXPECT_TRUE(confirm(child.pidfd(), *look));
}

TEST(Process, OfAnotherUserIsDescribedAsThatUser) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    const Waiting child(65534);
    const auto look = look_at(child.pidfd());
    ASSERT_TRUE(look) << look.error().to_string();
    EXPECT_EQ(look->process.uid, 65534U);
    EXPECT_EQ(look->process.gid, 65534U);
    EXPECT_TRUE(look->file);
}

TEST(Process, ThatIsGoneIsNeverDescribed) {
    Waiting child(::getuid());
    const auto look = look_at(child.pidfd());
    ASSERT_TRUE(look);
    child.end();
    EXPECT_EQ(look_at(child.pidfd()).error().reason, Reason::session_ended);
    EXPECT_EQ(confirm(child.pidfd(), *look).error().reason, Reason::session_ended);
}

TEST(Process, WhoseNumberPassedToAnotherIsGone) {
    // What a reused pid looks like: the facts of a living process under the pidfd of a dead one.
    Waiting dead(::getuid());
    const Waiting living(::getuid());
    dead.end();
    const auto look = look_at(living.pidfd());
    ASSERT_TRUE(look);
    EXPECT_EQ(confirm(dead.pidfd(), *look).error().reason, Reason::session_ended);
}

TEST(Process, ThatIsAZombieIsGone) {
    const auto child = test::Child::start({.argv = {"/bin/true"}});
    ASSERT_TRUE(child);
    pollfd entry{child->pidfd(), POLLIN, 0};
    ASSERT_EQ(::poll(&entry, 1, static_cast<int>(kPatience.count())), 1);  // ended, not reaped
    const Fd pidfd(::dup(child->pidfd()));
    EXPECT_EQ(look_at(pidfd).error().reason, Reason::session_ended);
}

TEST(Process, NeedsAPidfd) {
    const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(look_at(file).error().reason, Reason::caller_mismatch);
}

TEST(Process, ThatBecameAnotherProgramIsNotConfirmed) {
    Waiting child(::getuid(), "", "read x; echo x; read y; exec /bin/cat");
    const auto look = look_at(child.pidfd());
    ASSERT_TRUE(look);
    ASSERT_TRUE(confirm(child.pidfd(), *look));
    child.become_cat();
    const auto confirmed = confirm(child.pidfd(), *look);
    ASSERT_FALSE(confirmed);
    EXPECT_EQ(confirmed.error().reason, Reason::identity_unreadable);
}

TEST(Process, RunsTheFileItWasStartedFromWhateverStandsThereNow) {
    const test::TempDir folder;
    const std::string path = folder.file("program");
    std::filesystem::copy_file(std::filesystem::canonical("/bin/cat"), path);
    const auto original = inode_of(path);
    const Waiting child(::getuid(), path);
    std::filesystem::rename(path, folder.file("old"));
    std::filesystem::copy_file("/bin/true", path);
    const auto replaced = look_at(child.pidfd());
    ASSERT_TRUE(replaced);
    EXPECT_EQ(inode_of(replaced->file), original);
    std::filesystem::remove(folder.file("old"));
    const auto deleted = look_at(child.pidfd());
    ASSERT_TRUE(deleted);
    EXPECT_EQ(inode_of(deleted->file), original);
    EXPECT_TRUE(deleted->process.executable.ends_with("old (deleted)")) << deleted->process.executable;
    EXPECT_TRUE(confirm(child.pidfd(), *deleted));
}

TEST(Process, PathsThatAreNoTextAreMadeText) {
    const test::TempDir folder;
    const std::string path = folder.file("pro\xffgram\n");
    std::filesystem::copy_file(std::filesystem::canonical("/bin/cat"), path);
    const Waiting child(::getuid(), path);
    const auto look = look_at(child.pidfd());
    ASSERT_TRUE(look);
    EXPECT_TRUE(look->process.executable.ends_with("/pro\\xffgram\\x0a")) << look->process.executable;
}

}  // namespace
}  // namespace ct::identd
