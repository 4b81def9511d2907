// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/payload.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace ct::secretd {
namespace {

crypto::MemorySeal& seal() {
    static auto seal = crypto::MemorySeal::create();
    return seal.value();
}

Payload::Source source(std::string name, std::string_view value, bool environment = true) {
    return {std::move(name), as_bytes(value), environment, true, 3};
}

TEST(Payload, LaysOutEnvironmentStringsAsAProgramReadsThem) {
    const auto payload = Payload::lay_out({source("A", "one"), source("BB", "")}, best_protection(), seal());
    ASSERT_TRUE(payload) << payload.error().to_string();
    EXPECT_EQ(payload->environment_size(), 6U + 4U);
    const auto page = payload->copy_all();
    ASSERT_TRUE(page);
    EXPECT_EQ(as_text(page->mapping.bytes().first(10)), std::string_view("A=one\0BB=\0", 10));
    EXPECT_EQ(payload->find("BB")->offset, 6U);
    EXPECT_EQ(payload->find("BB")->length, 4U);
}

TEST(Payload, ValuesForDescriptorsNeverEnterTheEnvironmentPage) {
    const std::string binary("\0x\n", 3);
    const auto payload = Payload::lay_out({source("RAW", binary, false), source("A", "1")}, best_protection(), seal());
    ASSERT_TRUE(payload) << payload.error().to_string();
    EXPECT_EQ(payload->environment_size(), 4U);
    const auto page = payload->copy_all();
    ASSERT_TRUE(page);
    EXPECT_EQ(as_text(page->mapping.bytes()).find('x'), std::string_view::npos);
    const auto raw = payload->copy_value("RAW");
    ASSERT_TRUE(raw);
    EXPECT_EQ(as_text(raw->mapping.bytes().first(3)), binary);
    const auto bare = payload->copy_value("A");
    ASSERT_TRUE(bare);
    EXPECT_EQ(as_text(bare->mapping.bytes().first(2)), std::string_view("1\0", 2));
}

TEST(Payload, EachCopyIsAPageOfItsOwn) {
    const auto payload = Payload::lay_out({source("A", "1")}, best_protection(), seal());
    ASSERT_TRUE(payload);
    const auto first = payload->copy_all();
    const auto second = payload->copy_all();
    ASSERT_TRUE(first && second);
    first->mapping.bytes()[2] = '9';
    EXPECT_EQ(second->mapping.bytes()[2], '1');
}

TEST(Payload, RefusesWhatAnEnvironmentCannotHold) {
    const std::string nul("a\0b", 3);
    const auto with_nul = Payload::lay_out({source("A", nul)}, best_protection(), seal());
    ASSERT_FALSE(with_nul);
    EXPECT_EQ(with_nul.error().reason, Reason::value_has_nul);

    const std::string fits(limits::kEnvironmentString - 3, 'v');
    EXPECT_TRUE(Payload::lay_out({source("A", fits)}, best_protection(), seal()));
    const std::string over(limits::kEnvironmentString - 2, 'v');
    const auto too_large = Payload::lay_out({source("A", over)}, best_protection(), seal());
    ASSERT_FALSE(too_large);
    EXPECT_EQ(too_large.error().reason, Reason::value_too_large);
    EXPECT_TRUE(Payload::lay_out({source("A", std::string(1 << 20, 'v'), false)}, best_protection(), seal()));
}

TEST(Payload, KeepsNewlinesAndEmptyValues) {
    const auto payload =
        Payload::lay_out({source("PEM", "line\nline\n"), source("EMPTY", "")}, best_protection(), seal());
    ASSERT_TRUE(payload);
    EXPECT_EQ(payload->find("PEM")->length, 15U);
}

TEST(Payload, SaysWhichNameIsNotMapped) {
    const auto payload = Payload::lay_out({source("A", "1")}, best_protection(), seal());
    ASSERT_TRUE(payload);
    const auto missing = payload->copy_value("B");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().reason, Reason::name_not_mapped);
}

}  // namespace
}  // namespace ct::secretd
