// SPDX-License-Identifier: Apache-2.0
#include "clients/run/parent_mode.h"

#include <gtest/gtest.h>

namespace ct::run {
namespace {

TEST(Mode, TheLauncherBecomesTheProgramWhereverItCan) {
    struct Case {
        int pid;
        bool adopts_orphans;
        int scope;
        bool may_trace_all;
        std::optional<Mode> expected;
    };
    constexpr auto kInPlace = Mode::in_place, kParent = Mode::parent;
    for (const auto& [pid, adopts, scope, may, expected] : {
             Case{100, false, 0, false, kInPlace},
             Case{100, false, 0, true, kInPlace},
             Case{100, false, 1, true, kInPlace},
             Case{100, false, 2, true, kInPlace},
             Case{100, false, 1, false, kParent},
             Case{100, true, 0, true, kParent},
             Case{1, false, 0, true, kParent},
             Case{1, false, 1, false, kParent},
             Case{1, false, 2, true, kParent},
             Case{100, false, 2, false, std::nullopt},
             Case{100, false, 3, true, std::nullopt},
             Case{1, true, 3, true, std::nullopt},
         }) {
        const auto mode = mode_for(pid, adopts, scope, may);
        EXPECT_EQ(mode.has_value(), expected.has_value()) << pid << ' ' << adopts << ' ' << scope << ' ' << may;
        if (mode && expected) {
            EXPECT_EQ(*mode, *expected) << pid << ' ' << adopts << ' ' << scope << ' ' << may;
        }
        if (!mode) {
            EXPECT_EQ(mode.error().reason, Reason::guard_not_permitted);
        }
    }
}

TEST(ExitCode, IsThatOfEnv) {
    EXPECT_EQ(exit_code({Reason::target_not_found, {}, 0}), 127);
    EXPECT_EQ(exit_code({Reason::target_not_executable, {}, 0}), 126);
    for (const auto reason :
         {Reason::target_setuid, Reason::guard_not_permitted, Reason::vault_denied, Reason::invalid_argument})
        EXPECT_EQ(exit_code({reason, {}, 0}), 125);
}

}  // namespace
}  // namespace ct::run
