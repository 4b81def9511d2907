// SPDX-License-Identifier: Apache-2.0
#include "clients/run/channel.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace ct::run {
namespace {

class BothEnds : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(channel_); }
    void close_guard() { channel_->guard.close(); }
    Result<Channel> channel_ = open_channel();
};

TEST_F(BothEnds, TheListenerGoesOverAndNamesComeBack) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const Fd write_end(ends[1]);
    ASSERT_TRUE(channel_->launcher.send_listener(Fd(ends[0])));
    const auto listener = channel_->guard.listener();
    ASSERT_TRUE(listener);
    ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(listener->get(), &byte, 1), 1);
    const std::vector<std::string> names{"DB_PASSWORD", "TOKEN"};
    ASSERT_TRUE(channel_->guard.send_names(names));
    EXPECT_EQ(channel_->launcher.names().value_or(std::vector<std::string>{}), names);
}

TEST_F(BothEnds, AllNamesThatThereCanBeFit) {
    std::vector<std::string> names;
    for (int i = 0; i < 256; ++i)
        names.push_back(std::string(253, 'N') + std::to_string(100 + i));
    ASSERT_TRUE(channel_->guard.send_names(names));
    EXPECT_EQ(channel_->launcher.names().value_or(std::vector<std::string>{}), names);
}

TEST_F(BothEnds, NoNamesIsAnAnswerToo) {
    ASSERT_TRUE(channel_->guard.send_names({}));
    const auto names = channel_->launcher.names();
    ASSERT_TRUE(names);
    EXPECT_TRUE(names->empty());
}

TEST_F(BothEnds, ARefusalKeepsReasonWordsAndErrno) {
    channel_->guard.send_refusal({Reason::memlock_limit, "too small: raise it", EAGAIN});
    const auto names = channel_->launcher.names();
    ASSERT_FALSE(names);
    EXPECT_EQ(names.error().reason, Reason::memlock_limit);
    EXPECT_EQ(names.error().context, "too small: raise it");
    EXPECT_EQ(names.error().sys_errno, EAGAIN);
}

TEST_F(BothEnds, ARefusalIsFoundAfterAFailedExec) {
    EXPECT_FALSE(channel_->launcher.refusal());
    channel_->guard.send_refusal({Reason::guard_not_permitted, "no", 0});
    const auto refusal = channel_->launcher.refusal();
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, Reason::guard_not_permitted);
}

TEST_F(BothEnds, AGuardThatLeftHasEitherSaidWhyOrFailed) {
    ASSERT_TRUE(channel_->launcher.send_listener(Fd(::dup(0))));
    channel_->guard.send_refusal({Reason::session_ended, "ended", 0});
    close_guard();  // with the listener unread, which resets the connection
    EXPECT_EQ(channel_->launcher.names().error().reason, Reason::session_ended);
    EXPECT_EQ(channel_->launcher.names().error().reason, Reason::guard_failed);
    EXPECT_EQ(channel_->launcher.send_listener(Fd(::dup(0))).error().reason, Reason::guard_failed);
}

TEST_F(BothEnds, ALauncherThatLeftIsNoListener) {
    channel_->launcher = LauncherEnd(Fd());
    EXPECT_EQ(channel_->guard.listener().error().reason, Reason::cancelled);
}

}  // namespace
}  // namespace ct::run
