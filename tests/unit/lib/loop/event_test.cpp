// SPDX-License-Identifier: Apache-2.0
#include "loop/event.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "base/fd.h"

namespace ct {
namespace {

using namespace std::chrono_literals;

EventLoop make_loop() { return std::move(*EventLoop::create()); }

TEST(EventLoop, ReturnsTheCodeGivenToExit) {
    auto loop = make_loop();
    auto source = loop.add_defer([&] { loop.exit(7); });
    ASSERT_TRUE(source);
    EXPECT_EQ(loop.run().value(), 7);
}

TEST(EventLoop, CallsAnIoHandlerWithTheReadyEvents) {
    auto loop = make_loop();
    auto pair = std::move(*socket_pair());
    std::uint32_t seen = 0;
    auto source = loop.add_io(pair.ours.get(), EPOLLIN, [&](std::uint32_t revents) { seen = revents; });
    ASSERT_TRUE(source);
    EXPECT_FALSE(loop.run_once(0ms).value());
    ASSERT_TRUE(write_all(pair.theirs.get(), "x", 1));
    EXPECT_TRUE(loop.run_once(1s).value());
    EXPECT_EQ(seen, EPOLLIN);
}

TEST(EventLoop, AnIoSourceCanBeSilencedAndHeardAgain) {
    auto loop = make_loop();
    auto pair = std::move(*socket_pair());
    int calls = 0;
    auto source = std::move(*loop.add_io(pair.ours.get(), EPOLLIN, [&](std::uint32_t) { ++calls; }));
    ASSERT_TRUE(write_all(pair.theirs.get(), "x", 1));
    ASSERT_TRUE(source.set_events(0));
    EXPECT_FALSE(loop.run_once(0ms).value());
    ASSERT_TRUE(source.set_events(EPOLLIN));
    EXPECT_TRUE(loop.run_once(1s).value());
    EXPECT_EQ(calls, 1);
}

TEST(EventLoop, ATimerFiresOnceAndNotEarly) {
    auto loop = make_loop();
    const auto start = loop.now();
    std::optional<BootTime> fired;
    int calls = 0;
    auto source = loop.add_timer(20ms, [&] {
        fired = loop.now();
        ++calls;
    });
    ASSERT_TRUE(source);
    while (!fired)
        ASSERT_TRUE(loop.run_once(1s));
    EXPECT_GE(*fired - start, 20ms);
    EXPECT_FALSE(loop.run_once(1ms).value());
    EXPECT_EQ(calls, 1);
}

TEST(EventLoop, ADroppedSourceNeverRuns) {
    auto loop = make_loop();
    bool ran = false;
    {
        auto deferred = loop.add_defer([&] { ran = true; });
        auto timed = loop.add_timer(0ms, [&] { ran = true; });
        ASSERT_TRUE(deferred && timed);
    }
    EXPECT_FALSE(loop.run_once(0ms).value());
    EXPECT_FALSE(ran);
}

TEST(EventLoop, AHandlerMayDropItsOwnSourceAndStillUseItsCaptures) {
    auto loop = make_loop();
    Source source;
    std::string seen;
    // The capture is on the heap, so that a handler freed under its own feet shows under ASan.
    std::string captured(100, 'c');
    source = std::move(*loop.add_defer([&source, &seen, captured] {
        source.reset();
        seen = captured;
    }));
    EXPECT_TRUE(loop.run_once(1s).value());
    EXPECT_EQ(seen, captured);
    EXPECT_FALSE(source);
}

TEST(EventLoop, AHandlerMayReplaceItsOwnSource) {
    auto loop = make_loop();
    Source source;
    int turns = 0;
    std::function<void()> again = [&] {
        if (++turns < 3) source = std::move(*loop.add_defer(again));
    };
    source = std::move(*loop.add_defer(again));
    while (loop.run_once(0ms).value()) {
    }
    EXPECT_EQ(turns, 3);
}

TEST(EventLoop, ASourceMayOutliveItsLoop) {
    Source source;
    {
        auto loop = make_loop();
        source = std::move(*loop.add_timer(1h, [] {}));
    }
    source.reset();
}

TEST(EventLoop, DeliversASignalInsteadOfDyingOfIt) {
    auto loop = make_loop();
    bool seen = false;
    auto source = loop.add_signal(SIGUSR1, [&] { seen = true; });
    ASSERT_TRUE(source);
    ::kill(::getpid(), SIGUSR1);
    EXPECT_TRUE(loop.run_once(1s).value());
    EXPECT_TRUE(seen);
}

TEST(EventLoop, TellsOfTheEndOfAProcessOnceAndLeavesReapingToItsParent) {
    auto loop = make_loop();
    int hold[2];
    ASSERT_EQ(::pipe(hold), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(hold[1]);
        char c;
        (void)!::read(hold[0], &c, 1);
        ::_exit(3);
    }
    ::close(hold[0]);
    const Fd release(hold[1]);
    const Fd pidfd = std::move(*pidfd_open(child));
    int calls = 0;
    auto source = loop.add_pidfd(pidfd.get(), [&] { ++calls; });
    ASSERT_TRUE(source);
    EXPECT_FALSE(loop.run_once(0ms).value());
    ASSERT_TRUE(write_all(release.get(), "x", 1));
    EXPECT_TRUE(loop.run_once(5s).value());
    EXPECT_FALSE(loop.run_once(0ms).value());
    EXPECT_EQ(calls, 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST(EventLoop, TheClocksAdvance) {
    auto loop = make_loop();
    const auto boot = loop.now();
    const auto wall = loop.wall_now();
    EXPECT_GE(loop.now(), boot);
    EXPECT_GT(wall.time_since_epoch(), std::chrono::years(50));
}

}  // namespace
}  // namespace ct
