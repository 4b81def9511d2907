// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/backlog.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ct::gate {
namespace {

TEST(Backlog, GivesEachByteOnceAndInOrder) {
    Backlog backlog;
    std::uint8_t in = 0, out = 0;
    for (std::size_t round = 1; round < 2000; ++round) {
        Bytes some(round * 7 % 4096);
        for (auto& byte : some)
            byte = in++;
        backlog.add(some);
        const auto count = std::min(backlog.rest().size(), round * 11 % 4096);
        for (const auto byte : backlog.rest().first(count))
            ASSERT_EQ(byte, out++);
        backlog.written(count);
        ASSERT_EQ(backlog.all_added() - backlog.all_written(), backlog.rest().size());
    }
    for (const auto byte : backlog.rest())
        ASSERT_EQ(byte, out++);
    EXPECT_EQ(out, in);
    backlog.written(backlog.rest().size());
    EXPECT_TRUE(backlog.rest().empty());
    EXPECT_EQ(backlog.held(), 0U);
    EXPECT_EQ(backlog.all_written(), backlog.all_added());
}

TEST(Backlog, OfAReaderThatAlwaysLeavesALittleIsSmall) {
    constexpr std::size_t kPiece = 64 << 10;
    Backlog backlog;
    backlog.add(Bytes(1000));
    for (int i = 0; i < 1000; ++i) {
        backlog.add(Bytes(kPiece));
        backlog.written(kPiece);
        ASSERT_LE(backlog.held(), std::size_t{1} << 20) << i;
    }
    EXPECT_EQ(backlog.rest().size(), 1000U);
}

}  // namespace
}  // namespace ct::gate
