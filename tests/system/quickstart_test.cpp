// SPDX-License-Identifier: Apache-2.0
// docs/quickstart.md, block by block, on two machines.
#include <gtest/gtest.h>

#include <chrono>

#include "system/site.h"

namespace ct::test {
namespace {

TEST(Quickstart, EveryBlockDoesWhatThePageSays) {
    CT_NEEDS_SITE();
    const auto site = Site::make();
    ASSERT_TRUE(site) << site.error().to_string();
    const auto steps = read_guide(CT_SOURCE_DIR "/docs/quickstart.md");
    ASSERT_GT(steps.size(), 10U);
    for (const auto& step : steps) {
        const auto started = std::chrono::steady_clock::now();
        const auto done = (*site)->follow(step);
        ASSERT_TRUE(done) << done.error().context << (*site)->journals();
        std::printf(
            "docs/quickstart.md:%d %s %d ms\n", step.line, step.where.c_str(),
            static_cast<int>(std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - started).count()));
    }

    // What the page leaves to the reader's eye: the two hashes are the same.
    const auto stored = (*site)->bao("kv get -field=password kv/payments | sha256sum").out;
    const auto printed = (*site)->node().sh("journalctl -u payments --no-pager -o cat").out;
    EXPECT_EQ(stored.size(), 64U + 4U);
    EXPECT_NE(printed.find(stored), std::string::npos) << printed << stored;
}

}  // namespace
}  // namespace ct::test
