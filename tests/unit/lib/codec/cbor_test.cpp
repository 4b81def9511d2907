// SPDX-License-Identifier: Apache-2.0
#include "codec/cbor.h"

#include <gtest/gtest.h>

#include "codec/hex.h"

namespace ct::cbor {
namespace {

Bytes hex(std::string_view text) { return hex_decode(text, 1 << 20).value(); }

// RFC 8949 appendix A, the rows that this subset has.
TEST(CborWriter, WritesTheVectorsOfTheRfc) {
    const auto encoded = [](auto write) {
        Writer out;
        write(out);
        return hex_encode(out.take());
    };
    for (const auto& [value, expected] :
         std::vector<std::pair<std::uint64_t, std::string>>{{0, "00"},
                                                            {10, "0a"},
                                                            {23, "17"},
                                                            {24, "1818"},
                                                            {25, "1819"},
                                                            {100, "1864"},
                                                            {1000, "1903e8"},
                                                            {1000000, "1a000f4240"},
                                                            {1000000000000, "1b000000e8d4a51000"},
                                                            {18446744073709551615u, "1bffffffffffffffff"}}) {
        EXPECT_EQ(encoded([&](Writer& out) { out.uint(value); }), expected);
    }
    for (const auto& [value, expected] :
         std::vector<std::pair<std::int64_t, std::string>>{{-1, "20"},
                                                           {-10, "29"},
                                                           {-100, "3863"},
                                                           {-1000, "3903e7"},
                                                           {5, "05"},
                                                           {INT64_MIN, "3b7fffffffffffffff"}}) {
        EXPECT_EQ(encoded([&](Writer& out) { out.integer(value); }), expected);
    }
    EXPECT_EQ(encoded([](Writer& out) { out.boolean(false); }), "f4");
    EXPECT_EQ(encoded([](Writer& out) { out.boolean(true); }), "f5");
    EXPECT_EQ(encoded([](Writer& out) { out.null(); }), "f6");
    EXPECT_EQ(encoded([](Writer& out) { out.bytes(hex("01020304")); }), "4401020304");
    EXPECT_EQ(encoded([](Writer& out) { out.text("IETF"); }), "6449455446");
    EXPECT_EQ(encoded([](Writer& out) { out.text("\u6c34"); }), "63e6b0b4");
    EXPECT_EQ(encoded([](Writer& out) { out.array(3).uint(1).uint(2).uint(3); }), "83010203");
    EXPECT_EQ(encoded([](Writer& out) { out.map(2).text("a").uint(1).text("b").array(2).uint(2).uint(3); }),
              "a26161016162820203");
}

TEST(CborReader, ReadsWhatTheWriterWrites) {
    Writer out;
    out.map(3);
    out.uint(1).array(4).uint(UINT64_MAX).integer(-7).boolean(true).null();
    out.uint(300).bytes(hex("0102"));
    out.text("k").text("v");
    const Bytes bytes = out.take();
    Reader in(bytes);
    EXPECT_EQ(in.map(3).value(), 3u);
    EXPECT_EQ(in.remaining(), 3u);
    EXPECT_EQ(in.uint().value(), 1u);
    EXPECT_EQ(in.peek().value(), Type::array);
    EXPECT_EQ(in.array(4).value(), 4u);
    EXPECT_EQ(in.uint().value(), UINT64_MAX);
    EXPECT_EQ(in.integer().value(), -7);
    EXPECT_TRUE(in.boolean().value());
    EXPECT_EQ(in.remaining(), 1u);
    EXPECT_TRUE(in.null());
    EXPECT_TRUE(in.leave());
    EXPECT_EQ(in.uint().value(), 300u);
    EXPECT_EQ(to_vector(in.bytes(2, 2).value()), hex("0102"));
    EXPECT_EQ(in.text(0, 9).value(), "k");
    EXPECT_EQ(in.text(0, 9).value(), "v");
    EXPECT_EQ(in.remaining(), 0u);
    EXPECT_TRUE(in.leave());
    EXPECT_TRUE(in.finish());
}

struct Bad {
    std::string_view what, hex;
};

TEST(CborReader, RefusesWhatIsNotCoreDeterministic) {
    for (const Bad& bad : std::vector<Bad>{
             {"nothing", ""},
             {"a number that is cut off", "19 03"},
             {"0 in two bytes", "1800"},
             {"23 in two bytes", "1817"},
             {"255 in three bytes", "1900ff"},
             {"65535 in five bytes", "1a0000ffff"},
             {"2^32-1 in nine bytes", "1b00000000ffffffff"},
             {"-1 in two bytes", "3800"},
             {"a string length in two bytes", "580100"},
             {"a text length in two bytes", "780161"},
             {"an array length in two bytes", "9800"},
             {"a map length in two bytes", "b800"},
             {"a string that is cut off", "4201"},
             {"a string of 2^64-1 bytes", "5bffffffffffffffff00"},
             {"an indefinite string", "5f4101ff"},
             {"an indefinite text", "7f6161ff"},
             {"an indefinite array", "9f01ff"},
             {"an indefinite map", "bf0101ff"},
             {"a lone break", "ff"},
             {"a tag", "c000"},
             {"undefined", "f7"},
             {"half a float", "f90000"},
             {"a float", "fa00000000"},
             {"a double", "fb0000000000000000"},
             {"a simple value", "e0"},
             {"false in two bytes", "f814"},
             {"a reserved head", "1c"},
             {"a text that is not UTF-8", "61ff"},
             {"an overlong text", "62c080"},
             {"a surrogate", "63eda080"},
         }) {
        std::string digits(bad.hex);
        std::erase(digits, ' ');
        const Bytes bytes = hex(digits);
        Reader in(bytes);
        const auto type = in.peek();
        ASSERT_FALSE(type) << bad.what;
        EXPECT_EQ(type.error().reason, Reason::malformed) << bad.what;
    }
}

TEST(CborReader, RefusesKeysThatRepeatOrDoNotAscend) {
    const auto second_key = [](std::string_view text) {
        const Bytes bytes = hex(text);
        Reader in(bytes);
        EXPECT_TRUE(in.map(2));
        EXPECT_TRUE(in.uint());
        EXPECT_TRUE(in.uint());
        return in.uint().has_value();
    };
    EXPECT_TRUE(second_key("a201000200"));
    EXPECT_FALSE(second_key("a201000100"));
    EXPECT_FALSE(second_key("a202000100"));
    EXPECT_TRUE(second_key("a21700181800"));
    EXPECT_FALSE(second_key("a21818001700"));
}

TEST(CborReader, OrdersTextKeysByLengthFirst) {
    const Bytes bytes = hex("a2617a00626161006100");  // "z", then "aa"
    Reader in(bytes);
    ASSERT_TRUE(in.map(2));
    EXPECT_TRUE(in.text(0, 9));
    EXPECT_TRUE(in.uint());
    EXPECT_TRUE(in.text(0, 9));
}

TEST(CborReader, BelievesNoCountThatTheInputCannotHold) {
    for (const std::string_view text : {"9bffffffffffffffff", "bbffffffffffffffff", "9affffffff00",
                                        "83"
                                        "0101",
                                        "a2"
                                        "010101"}) {
        const Bytes bytes = hex(text);
        Reader in(bytes);
        const bool map = (bytes[0] & 0xe0) == 0xa0;
        EXPECT_FALSE(map ? in.map(SIZE_MAX) : in.array(SIZE_MAX)) << text;
    }
}

TEST(CborReader, HoldsToTheBoundsOfItsCaller) {
    const auto reason = [](std::string_view text, auto read) {
        const Bytes bytes = hex(text);
        Reader in(bytes);
        return read(in).error().reason;
    };
    EXPECT_EQ(reason("43010203", [](Reader& in) { return in.bytes(0, 2); }), Reason::too_large);
    EXPECT_EQ(reason("43010203", [](Reader& in) { return in.bytes(4, 9); }), Reason::malformed);
    EXPECT_EQ(reason("6161", [](Reader& in) { return in.text(0, 0); }), Reason::too_large);
    EXPECT_EQ(reason("820101", [](Reader& in) { return in.array(1); }), Reason::too_large);
    EXPECT_EQ(reason("a101", [](Reader& in) { return in.map(0); }), Reason::too_large);
    EXPECT_EQ(reason("05", [](Reader& in) { return in.uint(4); }), Reason::malformed);
    EXPECT_EQ(reason("1b8000000000000000", [](Reader& in) { return in.integer(); }), Reason::malformed);
    EXPECT_EQ(reason("3b8000000000000000", [](Reader& in) { return in.integer(); }), Reason::malformed);
    EXPECT_EQ(reason("f5", [](Reader& in) { return in.uint(); }), Reason::malformed);
}

TEST(CborReader, StopsAtItsDepth) {
    Bytes bytes(Reader::kDepth + 1, 0x81);
    bytes.push_back(0x00);  // so that nothing but the depth is wrong
    Reader in(bytes);
    for (std::size_t i = 0; i < Reader::kDepth; ++i)
        ASSERT_TRUE(in.array(1)) << i;
    const auto one_more = in.array(1);
    ASSERT_FALSE(one_more);
    EXPECT_EQ(one_more.error().reason, Reason::malformed);
}

TEST(CborReader, LeavesOnlyWhatIsEmptyAndFinishesOnlyAtTheEnd) {
    const Bytes bytes =
        hex("820102"
            "00");
    Reader in(bytes);
    ASSERT_TRUE(in.array(2));
    ASSERT_TRUE(in.uint());
    EXPECT_FALSE(in.leave());
    ASSERT_TRUE(in.uint());
    EXPECT_FALSE(in.uint()) << "a third item out of an array of two";
    EXPECT_FALSE(in.finish());
    EXPECT_TRUE(in.leave());
    EXPECT_FALSE(in.finish()) << "one byte follows";
}

TEST(CborReader, TakesTheKeyThatIsExpectedAndNoOther) {
    const Bytes bytes = hex("a2000701f5");
    Reader in(bytes);
    ASSERT_TRUE(in.map(2));
    ASSERT_TRUE(in.key(0));
    ASSERT_TRUE(in.uint());
    const Status other = in.key(2);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().reason, Reason::malformed);
    EXPECT_NE(other.error().context.find("field 1 where 2"), std::string::npos) << other.error().context;
    const Bytes text = hex("a1616100");
    Reader named(text);
    ASSERT_TRUE(named.map(1));
    EXPECT_FALSE(named.key(0)) << "a text";
    const Bytes none = hex("a0");
    Reader empty(none);
    ASSERT_TRUE(empty.map(1));
    EXPECT_FALSE(empty.key(0)) << "no pair is left";
}

TEST(CborReader, RefusesAContainerAsAKey) {
    const Bytes bytes = hex("a18000");
    Reader in(bytes);
    ASSERT_TRUE(in.map(1));
    EXPECT_FALSE(in.array(1));
}

}  // namespace
}  // namespace ct::cbor
