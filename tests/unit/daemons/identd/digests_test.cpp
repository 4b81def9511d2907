// SPDX-License-Identifier: Apache-2.0
#include "daemons/identd/digests.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "support/process.h"

namespace ct::identd {
namespace {

using namespace std::chrono_literals;

class DigestsTest : public testing::Test {
protected:
    std::string write(const std::string& name, const std::string& content) { return folder_.write(name, content); }
    static Fd open(const std::string& path) { return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }
    static Bytes sha256_of(const std::string& content) { return to_vector(crypto::sha256(as_bytes(content))); }
    Result<Bytes> ask(const std::string& path) {
        std::optional<Result<Bytes>> answer;
        digests_.of(open(path), [&](const Result<Bytes>& digest) { answer = digest; });
        while (!answer)
            CT_CHECK(loop_.run_once(10s));
        return *answer;
    }

    test::TempDir folder_;
    EventLoop loop_ = std::move(*EventLoop::create());
    Digests digests_{loop_};
};

TEST_F(DigestsTest, AreSha256OfTheWholeFile) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, Digests::kSlice, Digests::kSlice + 1, 3 * Digests::kSlice}) {
        const std::string content(size, 'x');
        EXPECT_EQ(ask(write("f" + std::to_string(size), content)).value(), sha256_of(content)) << size;
    }
}

TEST_F(DigestsTest, AreComputedOnceForEachStateOfAFile) {
    const std::string path = write("f", "one");
    EXPECT_EQ(ask(path).value(), sha256_of("one"));
    EXPECT_EQ(ask(path).value(), sha256_of("one"));
    EXPECT_EQ(digests_.computed(), 1U);
    // Same inode, same size, and mtime set back: ctime tells.
    struct stat before{};
    ASSERT_EQ(::stat(path.c_str(), &before), 0);
    write("f", "two");
    const timespec times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    EXPECT_EQ(ask(path).value(), sha256_of("two"));
    EXPECT_EQ(digests_.computed(), 2U);
}

TEST_F(DigestsTest, OneReadingServesAllWhoWaitForIt) {
    const std::string content(2 * Digests::kSlice, 'x');
    const std::string path = write("f", content);
    int answers = 0;
    for (int i = 0; i < 5; ++i)
        digests_.of(open(path), [&](const Result<Bytes>& digest) {
            ++answers;
            EXPECT_EQ(digest.value(), sha256_of(content));
        });
    EXPECT_EQ(answers, 0) << "nothing is answered from inside the call but what is known";
    while (answers < 5)
        ASSERT_TRUE(loop_.run_once(10s).value());
    EXPECT_EQ(digests_.computed(), 1U);
}

TEST_F(DigestsTest, ALargeFileDoesNotHoldUpASmallOne) {
    std::string order;
    digests_.of(open(write("large", std::string(4 * Digests::kSlice, 'x'))),
                [&](const Result<Bytes>&) { order += 'L'; });
    digests_.of(open(write("small", "x")), [&](const Result<Bytes>&) { order += 's'; });
    while (order.size() < 2)
        ASSERT_TRUE(loop_.run_once(10s).value());
    EXPECT_EQ(order, "sL");
}

TEST_F(DigestsTest, AFileThatChangesWhileItIsReadHasNone) {
    const std::string path = write("f", std::string(3 * Digests::kSlice, 'x'));
    std::optional<Result<Bytes>> answer;
    digests_.of(open(path), [&](const Result<Bytes>& digest) { answer = digest; });
    ASSERT_TRUE(loop_.run_once(10s).value());
    const Fd writer(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(writer.get(), "y", 1, 0), 1);
    while (!answer)
        ASSERT_TRUE(loop_.run_once(10s).value());
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().reason, Reason::identity_unreadable);
    // It is not remembered either.
    EXPECT_TRUE(ask(path));
}

TEST_F(DigestsTest, WhatIsNoFileOrTooLargeIsRefused) {
    EXPECT_EQ(ask(folder_.path()).error().reason, Reason::identity_unreadable);
    EXPECT_EQ(ask("/dev/zero").error().reason, Reason::identity_unreadable);
    const std::string path = write("sparse", "");
    ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(Digests::kFileSize) + 1), 0);
    EXPECT_EQ(ask(path).error().reason, Reason::too_large);
}

TEST_F(DigestsTest, ThereIsABoundOnWhatIsReadAtOnce) {
    int answers = 0;
    for (std::size_t i = 0; i < Digests::kJobs; ++i)
        digests_.of(open(write("f" + std::to_string(i), std::to_string(i))), [&](const Result<Bytes>& digest) {
            EXPECT_TRUE(digest);
            ++answers;
        });
    std::optional<Result<Bytes>> refused;
    digests_.of(open(write("more", "more")), [&](const Result<Bytes>& digest) { refused = digest; });
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->error().reason, Reason::quota_exceeded);
    while (answers < static_cast<int>(Digests::kJobs))
        ASSERT_TRUE(loop_.run_once(10s).value());
    EXPECT_TRUE(ask(folder_.file("more")));
}

}  // namespace
}  // namespace ct::identd
