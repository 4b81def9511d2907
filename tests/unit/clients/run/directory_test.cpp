// SPDX-License-Identifier: Apache-2.0
#include "clients/run/directory.h"

#include <gtest/gtest.h>

#include <cstring>

namespace ct::run {
namespace {

DirectoryFooter footer_of(const Bytes& pages) {
    DirectoryFooter footer;
    std::memcpy(&footer, pages.data() + pages.size() - sizeof footer, sizeof footer);
    return footer;
}

TEST(Directory, EndsWithItsFooterOnAPageBoundaryAndReadsBack) {
    const Mark mark{9, 8, 7};
    for (const std::size_t count : {0, 1, 3, 256}) {
        std::vector<DirectoryEntry> entries;
        for (std::size_t i = 0; i < count; ++i)
            entries.push_back(
                {static_cast<std::uint32_t>(i * 100), static_cast<std::uint32_t>(i), "NAME_" + std::to_string(i)});
        const Bytes pages = make_directory(entries, mark);
        EXPECT_EQ(pages.size() % 4096, 0U);
        EXPECT_LE(pages.size(), kDirectoryLimit);
        const auto footer = footer_of(pages);
        EXPECT_EQ(footer.mark, mark);
        ASSERT_LE(footer.size, pages.size() - sizeof footer);
        const auto parsed =
            parse_directory(ByteView(pages).subspan(pages.size() - sizeof footer - footer.size, footer.size));
        ASSERT_TRUE(parsed);
        EXPECT_EQ(*parsed, entries);
    }
}

TEST(Directory, WhatAProgramMadeOfItIsRefused) {
    EXPECT_TRUE(parse_directory({})->empty());
    EXPECT_FALSE(parse_directory(Bytes(8, 1))) << "numbers without a name";
    EXPECT_FALSE(parse_directory(Bytes(20, 1))) << "a name without an end";
    EXPECT_FALSE(parse_directory(Bytes(9 * 513, 0))) << "more entries than there can be";
    EXPECT_TRUE(parse_directory(Bytes(9, 0)));
}

}  // namespace
}  // namespace ct::run
