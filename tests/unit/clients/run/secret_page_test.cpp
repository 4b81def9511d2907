// SPDX-License-Identifier: Apache-2.0
#include "clients/run/secret_page.h"

#include <gtest/gtest.h>

#include <cstring>

namespace ct::run {
namespace {

Armed page_with(std::string_view text, std::vector<ArmedEntry> entries) {
    auto page = create_secret_page(text.size(), best_protection());
    EXPECT_TRUE(page);
    std::memcpy(page->mapping.bytes().data(), text.data(), text.size());
    return {std::move(page->fd), text.size(), std::move(entries)};
}

TEST(SecretPage, GivesEachEntrysValue) {
    const Armed armed = page_with({"A=alpha\0B=\0", 11}, {{"A", 0, 8, true}, {"B", 8, 3, true}});
    const auto page = open_page(armed);
    ASSERT_TRUE(page) << page.error().to_string();
    EXPECT_EQ(as_text(value_of(*page, armed.entries[0])), "alpha");
    EXPECT_TRUE(value_of(*page, armed.entries[1]).empty());
}

TEST(SecretPage, AStringThatIsNotWhatTheEntrySaysIsMalformed) {
    const std::string_view text("A=alpha\0", 8);
    for (const auto& entry : std::vector<ArmedEntry>{
             {"B", 0, 8, true}, {"A", 0, 7, true}, {"A=", 0, 8, true}, {"A", 1, 7, true}, {"AA", 0, 8, true}})
        EXPECT_EQ(open_page(page_with(text, {entry})).error().reason, Reason::malformed);
    EXPECT_EQ(open_page(page_with({"A=al\0ha\0", 8}, {{"A", 0, 8, true}})).error().reason, Reason::malformed)
        << "a NUL inside";
}

TEST(SecretPage, WithoutEntriesThereIsNothingToMap) { EXPECT_TRUE(open_page(Armed{})); }

}  // namespace
}  // namespace ct::run
