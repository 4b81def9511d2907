// SPDX-License-Identifier: Apache-2.0
#include "base/tally.h"

#include <gtest/gtest.h>

#include <optional>

namespace ct {
namespace {

TEST(Tally, CountsForEachUserApart) {
    Tally tally;
    const auto a = tally.take(0), b = tally.take(1000), c = tally.take(1000);
    EXPECT_EQ(tally.of(0), 1U);
    EXPECT_EQ(tally.of(1000), 2U);
    EXPECT_EQ(tally.of(1), 0U);
}

TEST(Tally, ATicketCountsForAsLongAsItLives) {
    Tally tally;
    std::optional<Tally::Ticket> ticket = tally.take(7);
    EXPECT_EQ(tally.of(7), 1U);
    ticket.reset();
    EXPECT_EQ(tally.of(7), 0U);
}

TEST(Tally, AMovedTicketCountsOnce) {
    Tally tally;
    auto first = tally.take(7);
    Tally::Ticket second(std::move(first));
    EXPECT_EQ(tally.of(7), 1U);
    {
        Tally::Ticket third;
        third = std::move(second);
        EXPECT_EQ(tally.of(7), 1U);
    }
    EXPECT_EQ(tally.of(7), 0U);
}

TEST(Tally, AnAssignedTicketGivesUpWhatItHad) {
    Tally tally;
    auto ticket = tally.take(1);
    ticket = tally.take(2);
    EXPECT_EQ(tally.of(1), 0U);
    EXPECT_EQ(tally.of(2), 1U);
}

}  // namespace
}  // namespace ct
