// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/reasons_table.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/reason.h"
#include "clients/ctl/commands.h"
#include "told.h"

namespace ct::ctl {
namespace {

TEST(ReasonsPage, ExplainsEveryReasonOnceAndNoOther) {
    const auto rows = parse_reasons(reasons_page());
    std::size_t known = 0;
#define CT_X(name, bus)                                                                                                \
    {                                                                                                                  \
        ++known;                                                                                                       \
        EXPECT_EQ(std::ranges::count(rows, #name, &Explanation::code), 1) << #name;                                    \
        const auto row = std::ranges::find(rows, #name, &Explanation::code);                                           \
        if (row != rows.end()) {                                                                                       \
            EXPECT_EQ(row->bus_error, #bus) << #name;                                                                  \
            EXPECT_GT(row->meaning.size(), 10U) << #name;                                                              \
            EXPECT_GT(row->advice.size(), 5U) << #name;                                                                \
            EXPECT_FALSE(row->section.empty()) << #name;                                                               \
        }                                                                                                              \
    }
    CT_REASONS(CT_X)
#undef CT_X
    EXPECT_EQ(rows.size(), known);
}

TEST(ParseReasons, ReadsRowsWithoutTheirMarkup) {
    const auto rows = parse_reasons(
        "# T\n\n## A `x` part\n\ntext\n| code | a | b | c |\n|---|---|---|---|\n"
        "| `one` | Failed | It **is** `so`, [here](there.md). | See `systemctl status 'c-*'`. |\n"
        "## B\n| `two` | Failed | m | a |");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].section, "A x part");
    EXPECT_EQ(rows[0].code, "one");
    EXPECT_EQ(rows[0].bus_error, "Failed");
    EXPECT_EQ(rows[0].meaning, "It is so, here.");
    EXPECT_EQ(rows[0].advice, "See systemctl status 'c-*'.");
    EXPECT_EQ(rows[1].section, "B");
    EXPECT_EQ(rows[1].advice, "a");
}

TEST(ParseReasons, ABrokenRowIsNoRow) {
    EXPECT_TRUE(parse_reasons("| `one` | Failed |").empty());
    EXPECT_TRUE(parse_reasons("| `").empty());
    EXPECT_TRUE(parse_reasons("").empty());
}

TEST(Reasons, OneIsExplainedWithWhatToDo) {
    const auto one = test::told([](Output& out) { return reasons("evidence_nonce_mismatch", out); });
    EXPECT_EQ(one.code, 0);
    EXPECT_NE(one.text.find("D-Bus error     io.cloudtaser.Error.EvidenceStale\n"), std::string::npos);
    EXPECT_NE(one.text.find("What to do      "), std::string::npos);
    const auto json =
        test::told([](Output& out) { return reasons("evidence_nonce_mismatch", out); }, Output::Mode::json);
    EXPECT_EQ(test::parsed(json.text).root().find("code")->text(), "evidence_nonce_mismatch");
}

TEST(Reasons, AllAreListedAndAnUnknownOneIsAnError) {
    const auto all = test::told([](Output& out) { return reasons("", out); }, Output::Mode::json);
    EXPECT_EQ(test::parsed(all.text).root().size(), parse_reasons(reasons_page()).size());
    EXPECT_EQ(test::told([](Output& out) { return reasons("no\x1bsuch", out); }).text,
              "invalid_argument: there is no reason 'no\\x1bsuch'; 'cloudtaserctl reasons' lists them all");
}

}  // namespace
}  // namespace ct::ctl
