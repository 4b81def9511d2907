// SPDX-License-Identifier: Apache-2.0
// A verdict is the same with a memo and without one, at every time, and for evidence that differs in one byte only.
#include "attest/verify/memo.h"

#include <gtest/gtest.h>

#include "attest/verify/known.h"
#include "support/tdx_maker.h"
#include "tdx_rig.h"

namespace ct::attest {
namespace {

Verdict judged(const tdx::Exchange& exchange, Memo* memo, WallTime at) {
    const Bytes introduction = tdx::encode_introduction();
    const Bytes evidence = tdx::encode(tdx::Evidence{exchange.quote, exchange.event_log});
    CollateralReader reader(exchange.collateral);
    return find_verifier(exchange.kind)
        ->verify({introduction, {}, evidence, exchange.binding, at, {}, &reader, memo}, *exchange.rules);
}

void expect_same(const tdx::Exchange& exchange, Memo& memo, WallTime at, const char* what) {
    const auto without = judged(exchange, nullptr, at), with = judged(exchange, &memo, at);
    EXPECT_EQ(tdx::words(with), tdx::words(without)) << what;
    EXPECT_EQ(with.claims, without.claims) << what;
    EXPECT_EQ(with.expires, without.expires) << what;
}

TEST(Memo, ChangesNoVerdictAtAnyTime) {
    const auto exchange = tdx::Rig{}.make();
    Memo memo;
    ASSERT_TRUE(judged(exchange, &memo, exchange.at).affirming());
    ASSERT_GT(memo.size(), 5U);
    using tdx::day;
    // Within, at both ends of and outside of certificates, lists and documents.
    for (const WallTime at : {exchange.at, day(2019, 1, 1), day(2024, 1, 1), day(2026, 1, 1), day(2026, 1, 29),
                              day(2026, 1, 29) + Seconds{1}, day(2031, 1, 1), day(2031, 1, 1) - Seconds{1},
                              day(2032, 1, 1), day(2035, 1, 1), day(2041, 1, 1)})
        expect_same(exchange, memo, at, "time");
}

TEST(Memo, KnowsNothingOfBytesThatDiffer) {
    const auto good = tdx::Rig{}.make();
    Memo memo;
    ASSERT_TRUE(judged(good, &memo, good.at).affirming());
    for (std::size_t at = 0; at < good.quote.size(); at += 7) {
        auto bent = good;
        bent.quote[at] ^= 1;
        expect_same(bent, memo, good.at, "quote");
    }
    for (const auto& [name, content] : good.collateral)
        for (std::size_t at = 0; at < content.size(); at += 29) {
            auto bent = good;
            bent.collateral.at(name)[at] ^= 1;
            expect_same(bent, memo, good.at, name.c_str());
        }
    // A list that came later and revokes.
    auto rig = tdx::Rig{};
    rig.revoked_by_authority = {3};
    const auto revoked = rig.make();
    Memo fresh;
    ASSERT_FALSE(judged(revoked, &fresh, revoked.at).affirming());
    auto before = revoked;
    before.collateral["intel/pck-crl/platform"] = good.collateral.at("intel/pck-crl/platform");
    (void)judged(before, &fresh, before.at);
    expect_same(revoked, fresh, revoked.at, "revoked later");
}

TEST(Memo, ForgetsWhatWasLongestUnused) {
    Memo memo(2);
    const auto key = [](std::string_view word) { return memo_key(word, {}); };
    memo.keep(key("a"), std::make_shared<int>(1), 1);
    memo.keep(key("b"), std::make_shared<int>(2), 1);
    ASSERT_TRUE(memo.find(key("a")));
    memo.keep(key("c"), std::make_shared<int>(3), 1);
    EXPECT_TRUE(memo.find(key("a")));
    EXPECT_FALSE(memo.find(key("b")));
    EXPECT_TRUE(memo.find(key("c")));
    EXPECT_EQ(memo.size(), 2U);
}

TEST(Memo, IsBoundedByTheBytesThatItsEntriesAreOf) {
    Memo memo(100, 10);
    const auto key = [](std::string_view word) { return memo_key(word, {}); };
    memo.keep(key("a"), std::make_shared<int>(1), 6);
    memo.keep(key("b"), std::make_shared<int>(2), 4);
    EXPECT_EQ(memo.size(), 2U);
    memo.keep(key("c"), std::make_shared<int>(3), 5);
    EXPECT_FALSE(memo.find(key("a")));
    EXPECT_TRUE(memo.find(key("b")));
    EXPECT_TRUE(memo.find(key("c")));
    memo.keep(key("d"), std::make_shared<int>(4), 11);
    EXPECT_FALSE(memo.find(key("d"))) << "larger than all";
    EXPECT_EQ(memo.size(), 2U);
    memo.keep(key("e"), std::make_shared<int>(5), 10);
    EXPECT_EQ(memo.size(), 1U);
    EXPECT_TRUE(memo.find(key("e")));
}

TEST(Memo, KeysTellPartsApart) {
    const Bytes ab{1, 2}, a{1}, b{2}, none;
    EXPECT_NE(memo_key("x", {ab}), memo_key("x", {a, b}));
    EXPECT_NE(memo_key("x", {ab, none}), memo_key("x", {ab}));
    EXPECT_NE(memo_key("x", {ab}), memo_key("y", {ab}));
    EXPECT_EQ(memo_key("x", {a, b}), memo_key("x", {a, b}));
}

TEST(Memo, KeepsNoErrors) {
    Memo memo;
    int made = 0;
    const auto make = [&]() -> Result<int> {
        if (++made == 1) return fail(Reason::malformed);
        return made;
    };
    EXPECT_FALSE(remember<int>(&memo, "n", {}, make));
    EXPECT_EQ(**remember<int>(&memo, "n", {}, make), 2);
    EXPECT_EQ(**remember<int>(&memo, "n", {}, make), 2) << "known";
    EXPECT_EQ(**remember<int>(nullptr, "n", {}, make), 3);
}

}  // namespace
}  // namespace ct::attest
