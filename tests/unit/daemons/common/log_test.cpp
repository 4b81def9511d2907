// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/log.h"

#include <gtest/gtest.h>

namespace ct::log {
namespace {

class Log : public testing::Test {
protected:
    Log() {
        open("cloudtaser-test");
        set_target(Target::console);
        set_level(Level::info);
    }
    ~Log() override { set_target(Target::automatic); }
    template <class Function>
    std::string printed(Function function) {
        testing::internal::CaptureStderr();
        function();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(Log, WritesOneLineForOneMessage) {
    EXPECT_EQ(printed([] { info("up"); }), "cloudtaser-test: up\n");
    EXPECT_EQ(printed([] { warning("careful"); }), "cloudtaser-test: warning: careful\n");
    EXPECT_EQ(printed([] { error("broken", Error{Reason::vault_sealed, "the vault", 0}); }),
              "cloudtaser-test: error: broken: vault_sealed: the vault\n");
    EXPECT_EQ(printed([] { info("a\nforged: line\x1b[1m"); }), "cloudtaser-test: a?forged: line?[1m\n");
}

TEST_F(Log, KeepsQuietBelowItsLevelAndWithTheNullTarget) {
    EXPECT_EQ(printed([] { debug("detail"); }), "");
    set_level(Level::debug);
    EXPECT_EQ(printed([] { debug("detail"); }), "cloudtaser-test: detail\n");
    set_level(Level::error);
    EXPECT_EQ(printed([] { warning("careful"); }), "");
    set_target(Target::null);
    EXPECT_EQ(printed([] { error("broken"); }), "");
}

TEST_F(Log, LevelsAndTargetsHaveTheSpellingOfLogControl1) {
    for (const char* word : {"err", "warning", "notice", "info", "debug"}) {
        ASSERT_TRUE(level_from(word)) << word;
        EXPECT_EQ(to_string(*level_from(word)), word);
    }
    for (const char* word : {"auto", "journal", "console", "null"}) {
        ASSERT_TRUE(target_from(word)) << word;
        EXPECT_EQ(to_string(*target_from(word)), word);
    }
    EXPECT_FALSE(level_from("loud"));
    EXPECT_FALSE(target_from("printer"));
}

}  // namespace
}  // namespace ct::log
