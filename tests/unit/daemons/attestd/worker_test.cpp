// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/worker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "daemons/attestd/sealed.h"

namespace ct::attestd {
namespace {

TEST(AttestdWorker, RunsJobsInOrderOnItsThreadAndTheirEndsInTheLoop) {
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    auto worker = Worker::start(*loop);
    ASSERT_TRUE(worker) << worker.error().to_string();
    const auto here = std::this_thread::get_id();
    std::vector<int> ran, ended;
    for (int i = 0; i < 5; ++i) {
        (*worker)->post([&, i]() -> Worker::Completion {
            ran.push_back(i);
            EXPECT_NE(std::this_thread::get_id(), here);
            return [&, i] {
                ended.push_back(i);
                EXPECT_EQ(std::this_thread::get_id(), here);
                if (i == 4) loop->exit(0);
            };
        });
    }
    ASSERT_TRUE(loop->run());
    EXPECT_EQ(ran, (std::vector{0, 1, 2, 3, 4}));
    EXPECT_EQ(ended, ran);
}

TEST(AttestdWorker, LetsTheLoopTurnWhileAJobRuns) {
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    auto worker = Worker::start(*loop);
    ASSERT_TRUE(worker);
    std::promise<void> allowed;
    (*worker)->post([&, wait = allowed.get_future().share()]() -> Worker::Completion {
        wait.wait();
        return [&] { loop->exit(7); };
    });
    // Only a turn of the loop lets the job end.
    const auto turn = loop->add_defer([&] { allowed.set_value(); });
    EXPECT_EQ(loop->run().value(), 7);
}

TEST(AttestdWorker, EndsWithTheJobThatRunsAndDropsTheRest) {
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    std::atomic<int> ran = 0, ended = 0;
    std::promise<void> begun;
    {
        auto worker = Worker::start(*loop);
        ASSERT_TRUE(worker);
        (*worker)->post([&]() -> Worker::Completion {
            ++ran;
            begun.set_value();
            return [&] { ++ended; };
        });
        begun.get_future().wait();
    }
    EXPECT_EQ(ran, 1);
    EXPECT_EQ(ended, 0) << "whoever asked has gone too";
}

TEST(SealedMemfd, CannotBeChangedByAnyone) {
    const Bytes content{1, 2, 3};
    const auto fd = sealed_memfd("test", content);
    ASSERT_TRUE(fd) << fd.error().to_string();
    EXPECT_EQ(read_fd(fd->get(), 100).value(), as_text(content));
    EXPECT_EQ(::fcntl(fd->get(), F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    EXPECT_LT(::pwrite(fd->get(), "x", 1, 0), 0);
    EXPECT_LT(::ftruncate(fd->get(), 0), 0);
    EXPECT_EQ(::mmap(nullptr, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0), MAP_FAILED);
}

}  // namespace
}  // namespace ct::attestd
