// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/quotas.h"

#include <gtest/gtest.h>

#include "daemons/gate/seen.h"

namespace ct::gate {
namespace {

TEST(Quotas, BoundAllAndEach) {
    Quotas quotas(3, 2);
    EXPECT_TRUE(quotas.enter("a"));
    EXPECT_TRUE(quotas.enter("a"));
    EXPECT_FALSE(quotas.enter("a")) << "its own bound";
    EXPECT_TRUE(quotas.enter("b"));
    EXPECT_FALSE(quotas.enter("c")) << "the bound of all";
    quotas.leave("a");
    EXPECT_TRUE(quotas.enter("c"));
    EXPECT_EQ(quotas.total(), 3U);
}

TEST(Quotas, LeavingWithoutEnteringChangesNothing) {
    Quotas quotas(1, 1);
    quotas.leave("a");
    EXPECT_TRUE(quotas.enter("a"));
    EXPECT_FALSE(quotas.enter("b"));
}

TEST(Quotas, ALowerBoundKeepsThoseInside) {
    Quotas quotas(4, 4);
    EXPECT_TRUE(quotas.enter("a"));
    EXPECT_TRUE(quotas.enter("a"));
    quotas.set(4, 1);
    EXPECT_FALSE(quotas.enter("a"));
    quotas.leave("a");
    quotas.leave("a");
    EXPECT_TRUE(quotas.enter("a"));
}

TEST(InputBudget, GivesEachNodeAnEighth) {
    InputBudget budget(80);
    const Sha256 greedy{1};
    EXPECT_TRUE(budget.take(greedy, 10));
    EXPECT_FALSE(budget.take(greedy, 1));
    for (std::uint8_t node = 2; node <= 8; ++node)
        EXPECT_TRUE(budget.take(Sha256{node}, 10)) << int{node};
    EXPECT_FALSE(budget.take(Sha256{9}, 1)) << "the bound of all";
    budget.give_back(greedy, 4);
    EXPECT_FALSE(budget.take(greedy, 5));
    EXPECT_TRUE(budget.take(greedy, 4));
    EXPECT_EQ(budget.used(), 80U);
}

TEST(InputBudget, TakesBackWhatWasTakenOnly) {
    InputBudget budget(80);
    budget.give_back(Sha256{1}, 10);
    EXPECT_EQ(budget.used(), 0U);
    EXPECT_FALSE(budget.take(Sha256{1}, 11));
    EXPECT_EQ(budget.used(), 0U);
}

TEST(Allowance, RefillsOverAMinute) {
    Allowance allowance(3);
    EXPECT_TRUE(allowance.take(0));
    EXPECT_TRUE(allowance.take(0));
    EXPECT_TRUE(allowance.take(0));
    EXPECT_FALSE(allowance.take(0));
    EXPECT_FALSE(allowance.take(19));
    EXPECT_TRUE(allowance.take(21));
    EXPECT_FALSE(allowance.take(22));
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(allowance.take(10'000));
    EXPECT_FALSE(allowance.take(10'000)) << "never more than the burst";
}

TEST(KeyedAllowance, IsOneForEachKey) {
    KeyedAllowance allowance(1);
    EXPECT_TRUE(allowance.take(Sha256{1}, 0));
    EXPECT_FALSE(allowance.take(Sha256{1}, 0));
    EXPECT_TRUE(allowance.take(Sha256{2}, 0));
    EXPECT_TRUE(allowance.take(Sha256{1}, 60));
}

TEST(KeyedAllowance, RemembersNoKeysWithoutEnd) {
    KeyedAllowance allowance(1);
    for (std::size_t i = 0; i < 4 * KeyedAllowance::kSpare; ++i) {
        const auto now = static_cast<double>(i);
        Sha256 key{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8U)};
        EXPECT_TRUE(allowance.take(key, now));
        EXPECT_FALSE(allowance.take(key, now));
        ASSERT_LE(allowance.size(), 120 + KeyedAllowance::kSpare);
    }
}

TEST(LineAllowance, SaysHowManyWereLeftOut) {
    LineAllowance lines(2);
    EXPECT_EQ(lines.take(0), 0U);
    EXPECT_EQ(lines.take(0), 0U);
    EXPECT_EQ(lines.take(0), std::nullopt);
    EXPECT_EQ(lines.take(1), std::nullopt);
    EXPECT_EQ(lines.take(31), 2U);
    EXPECT_EQ(lines.take(61), 0U);
}

TEST(SeenMessages, RememberTheLastOnes) {
    SeenMessages seen(2);
    const Sha256 a{1}, b{2}, c{3};
    EXPECT_FALSE(seen.seen(a));
    EXPECT_TRUE(seen.seen(a));
    EXPECT_FALSE(seen.seen(b));
    EXPECT_FALSE(seen.seen(c));
    EXPECT_FALSE(seen.seen(a)) << "pushed out by c";
    EXPECT_TRUE(seen.seen(c));
}

}  // namespace
}  // namespace ct::gate
