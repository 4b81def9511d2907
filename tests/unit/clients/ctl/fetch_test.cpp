// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>

#include <array>
#include <cstring>

#include "base/fd.h"
#include "base/limits.h"
#include "base/secret_memory.h"
#include "clients/ctl/commands.h"

namespace ct::ctl {
namespace {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        out = Fd(ends[0]);
        in = Fd(ends[1]);
    }
    Fd out, in;
};

TEST(CheckTarget, TakesAPipeOrAFileAndNamesWhatItDoesNotTake) {
    const Pipe pipe;
    EXPECT_TRUE(check_target(pipe.in.get(), false));
    EXPECT_NE(check_target(pipe.out.get(), false).error().context.find("not open for writing"), std::string::npos);
    EXPECT_NE(check_target(987, false).error().context.find("3>TARGET"), std::string::npos);
    EXPECT_NE(check_target(-1, false).error().context.find("not open"), std::string::npos);
}

TEST(CheckTarget, RefusesATerminalUnlessForced) {
    int master = -1;
    int slave = -1;
    ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    const Fd owner(master);
    const Fd terminal(slave);
    const auto refused = check_target(terminal.get(), false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_argument);
    EXPECT_NE(refused.error().context.find("is a terminal"), std::string::npos);
    EXPECT_TRUE(check_target(terminal.get(), true));
}

TEST(Deliver, WritesExactlyTheValue) {
    Pipe pipe;
    auto page = create_secret_page(9, best_protection());
    ASSERT_TRUE(page);
    std::memcpy(page->mapping.bytes().data(), "p\0ss\nword", 9);
    ASSERT_TRUE(deliver(page->fd.get(), 9, pipe.in.get()));
    pipe.in.reset();
    EXPECT_EQ(read_fd(pipe.out.get(), 100).value(), std::string("p\0ss\nword", 9));
}

TEST(Deliver, AnEmptyValueIsNoBytesAndNoError) {
    Pipe pipe;
    EXPECT_TRUE(deliver(-1, 0, pipe.in.get()));
    pipe.in.reset();
    EXPECT_EQ(read_fd(pipe.out.get(), 100).value(), "");
}

TEST(Deliver, BelievesNoSizeOverTheBound) {
    const Pipe pipe;
    const auto page = create_secret_page(9, best_protection());
    ASSERT_TRUE(page);
    EXPECT_EQ(deliver(page->fd.get(), limits::kSecretValue + 1, pipe.in.get()).error().reason, Reason::too_large);
    EXPECT_FALSE(deliver(-1, 10, pipe.in.get()));
    EXPECT_FALSE(deliver(page->fd.get(), 9, -1));
}

}  // namespace
}  // namespace ct::ctl
