// SPDX-License-Identifier: Apache-2.0
#include "codec/timestamp.h"

#include <gtest/gtest.h>

namespace ct {
namespace {

TEST(Timestamp, IsUtcInWholeSeconds) {
    EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z").value(), WallTime{});
    EXPECT_EQ(parse_timestamp("2026-03-16T08:14:38Z").value(), WallTime(Seconds(1773648878)));
    EXPECT_EQ(parse_timestamp("2026-03-16").value(), WallTime(Seconds(1773619200)));
    EXPECT_EQ(parse_timestamp("2024-02-29T23:59:59Z").value(), WallTime(Seconds(1709251199)));
    EXPECT_EQ(format_timestamp(WallTime(Seconds(1773648878)) + Millis(999)), "2026-03-16T08:14:38Z");
}

TEST(Timestamp, OtherFormsAreRefused) {
    for (const char* bad : {"", "2026", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-32", "2026-03-16T08:14:38",
                            "2026-03-16T24:00:00Z", "2026-03-16T08:60:00Z", "2026-03-16T08:14:60Z",
                            "2026-03-16 08:14:38Z", "2026-03-16T08:14:38+00:00", "2026-03-16T08:14:38.5Z",
                            "2026-3-16T08:14:38ZZ", "-026-03-16", "2026-03-16T08:14:3 Z", " 2026-03-16"})
        EXPECT_FALSE(parse_timestamp(bad)) << bad;
}

}  // namespace
}  // namespace ct
