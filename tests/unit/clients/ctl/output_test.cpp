// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/output.h"

#include <gtest/gtest.h>

#include "told.h"

namespace ct::ctl {
namespace {

using namespace std::chrono_literals;

TEST(Printable, LeavesWordsAloneAndDisarmsWhatSteersATerminal) {
    const struct {
        std::string_view text, expected;
    } rows[] = {
        {"payments", "payments"},
        {"Köln 日本 🔒", "Köln 日本 🔒"},
        {"\x1b]0;title\a", "\\x1b]0;title\\x07"},
        {"line\r\nfeed\ttab", "line\\x0d\\x0afeed\\x09tab"},
        {"\x7f", "\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\u{9b}31m"},  // C1: CSI in one code point
        {"a\xe2\x80\xae"
         "b",
         "a\\u{202e}b"},  // right-to-left override
        {"\xe2\x80\x8b\xef\xbb\xbf", "\\u{200b}\\u{feff}"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"\xc0\xaf", "\\xc0\\xaf"},                    // not the shortest form
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a surrogate
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond Unicode
        {"\xe2\x82", "\\xe2\\x82"},                    // cut short
        {"", ""},
    };
    for (const auto& row : rows)
        EXPECT_EQ(printable(row.text), row.expected);
}

TEST(DurationText, ShowsTheTwoLargestUnits) {
    EXPECT_EQ(duration_text(0s), "0s");
    EXPECT_EQ(duration_text(-5s), "0s");
    EXPECT_EQ(duration_text(59s), "59s");
    EXPECT_EQ(duration_text(60s), "1min");
    EXPECT_EQ(duration_text(302s), "5min 2s");
    EXPECT_EQ(duration_text(2h + 10min + 3s), "2h 10min");
    EXPECT_EQ(duration_text(24h), "1d");
    EXPECT_EQ(duration_text(76h + 59min), "3d 4h");
}

TEST(TimeText, IsUtcToTheSecond) {
    EXPECT_EQ(time_text(WallTime(std::chrono::microseconds(1795528985123456))), "2026-11-24 14:03:05Z");
    EXPECT_EQ(time_text(WallTime(-1s)), "1969-12-31 23:59:59Z");
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
    Table table({"NAME", "STATE"});
    table.add({"a", "ready"});
    table.add({"Köln-long", ""});
    table.add({"short"});
    EXPECT_EQ(table.text(false),
              "NAME       STATE\n"
              "a          ready\n"
              "Köln-long  -\n"
              "short      -\n");
    EXPECT_TRUE(table.text(true).starts_with("\x1b[1mNAME       STATE\x1b[0m\n"));
}

TEST(Output, TellsAPersonOrAProgramAndNeverBoth) {
    const auto both = [](Output& out) -> Result<int> {
        out.line("words");
        out.field("Label", "value");
        out.table(Table({"HEADER"}));
        out.json().string("value");
        return 0;
    };
    EXPECT_EQ(test::told(both).text, "words\nLabel           value\nHEADER\n");
    EXPECT_EQ(test::told(both, Output::Mode::json).text, "\"value\"\n");
    EXPECT_EQ(test::told([](Output&) -> Result<int> { return 0; }, Output::Mode::json).text, "");
}

}  // namespace
}  // namespace ct::ctl
