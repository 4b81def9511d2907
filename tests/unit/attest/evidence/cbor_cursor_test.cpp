// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/cbor_cursor.h"

#include <gtest/gtest.h>

#include <functional>

namespace ct::attest {
namespace {

bool refused(const Bytes& input, const std::function<void(CborCursor&)>& take) {
    CborCursor in(input);
    take(in);
    const Status status = in.finish("this");
    if (!status) {
        EXPECT_EQ(status.error().reason, Reason::evidence_malformed);
        EXPECT_EQ(status.error().context.find("this: byte "), 0U) << status.error().context;
    }
    return !status;
}

TEST(CborCursor, TakesWhatIsThere) {
    const Bytes input{0xd2, 0x87, 0x00, 0x17, 0x18, 0x18, 0x1b, 0,    0,   0,   1,
                      0,    0,    0,    0,    0x42, 7,    8,    0x62, 'h', 'i', 0xf6};
    CborCursor in(input);
    EXPECT_TRUE(in.skip_tag(18));
    EXPECT_EQ(in.array(7), 7U);
    EXPECT_EQ(in.uint(0), 0U);
    EXPECT_EQ(in.uint(23), 23U);
    EXPECT_EQ(in.uint(24), 24U);
    EXPECT_EQ(in.uint(UINT64_MAX), std::uint64_t{1} << 32);
    EXPECT_EQ(to_vector(in.bytes(2, 2)), (Bytes{7, 8}));
    EXPECT_EQ(in.text(0, 2), "hi");
    EXPECT_EQ(in.bytes_or_null(1, 1), std::nullopt);
    EXPECT_TRUE(in.finish("this"));
}

TEST(CborCursor, WalksMapsOfBothLengthsInAnyOrderOfKeys) {
    for (const Bytes& input : {Bytes{0xa2, 2, 20, 1, 10}, Bytes{0xbf, 2, 20, 1, 10, 0xff}}) {
        CborCursor in(input);
        Bytes seen;
        for (auto pairs = in.map(2, CborCursor::Length::any); pairs.next();) {
            seen.push_back(static_cast<std::uint8_t>(in.uint(9)));
            seen.push_back(static_cast<std::uint8_t>(in.uint(99)));
        }
        EXPECT_EQ(seen, (Bytes{2, 20, 1, 10}));
        EXPECT_TRUE(in.finish("this"));
    }
}

TEST(CborCursor, RefusesEverythingElse) {
    struct Case {
        std::string_view what;
        Bytes input;
        std::function<void(CborCursor&)> take;
    };
    const auto uint = [](CborCursor& in) { in.uint(UINT64_MAX); };
    const auto bytes = [](CborCursor& in) { in.bytes(1, 2); };
    const auto text = [](CborCursor& in) { in.text(1, 4); };
    const auto array = [](CborCursor& in) { in.array(2); };
    const auto map = [](auto length) {
        return [length](CborCursor& in) {
            for (auto pairs = in.map(1, length); pairs.next();) {
                in.uint(9);
                in.uint(9);
            }
        };
    };
    using Length = CborCursor::Length;
    for (const Case& one : std::vector<Case>{
             {"nothing", {}, uint},
             {"bytes after the end", {0, 0}, uint},
             {"a number cut short", {0x19, 1}, uint},
             {"a number of one byte that needs none", {0x18, 23}, uint},
             {"a number of two bytes that needs one", {0x19, 0, 255}, uint},
             {"a number of four bytes that needs two", {0x1a, 0, 0, 255, 255}, uint},
             {"a number of eight bytes that needs four", {0x1b, 0, 0, 0, 0, 255, 255, 255, 255}, uint},
             {"a reserved head", {0x1c}, uint},
             {"a number of indefinite length", {0x1f}, uint},
             {"a negative number", {0x20}, uint},
             {"a number out of range", {0x05}, [](CborCursor& in) { in.uint(4); }},
             {"a string cut short", {0x42, 1}, bytes},
             {"a string too short", {0x40}, bytes},
             {"a string too long", {0x43, 1, 2, 3}, bytes},
             {"a string longer than memory", {0x5b, 255, 255, 255, 255, 255, 255, 255, 255}, bytes},
             {"a string of indefinite length", {0x5f, 0x41, 1, 0xff}, bytes},
             {"text for bytes", {0x61, 'a'}, bytes},
             {"bytes for text", {0x41, 'a'}, text},
             {"text that is not UTF-8", {0x61, 0xff}, text},
             {"text cut short", {0x62, 'a'}, text},
             {"undefined for null", {0xf7}, [](CborCursor& in) { in.bytes_or_null(0, 1); }},
             {"null for bytes", {0xf6}, bytes},
             {"an array too long", {0x83}, array},
             {"an array of indefinite length", {0x9f, 0xff}, array},
             {"a map too large", {0xa2, 1, 1, 2, 2}, map(Length::any)},
             {"a map of indefinite length too large", {0xbf, 1, 1, 2, 2, 0xff}, map(Length::any)},
             {"a map of indefinite length without its end", {0xbf, 1, 1}, map(Length::any)},
             {"a map of indefinite length with half a pair", {0xbf, 1, 0xff}, map(Length::any)},
             {"a map of indefinite length where none may be", {0xbf, 0xff}, map(Length::definite)},
             {"a map cut short", {0xa1, 1}, map(Length::any)},
             {"null for a map", {0xf6}, map(Length::any)},
             {"another tag", {0xd1, 0}, [](CborCursor& in) { in.skip_tag(18), in.uint(9); }},
         })
        EXPECT_TRUE(refused(one.input, one.take)) << one.what;
}

TEST(CborCursor, AfterAFailureEverythingReadsAsNothing) {
    const Bytes input{0x20, 0x01, 0x41, 1, 0xa1, 1, 1};
    CborCursor in(input);
    EXPECT_EQ(in.uint(9), 0U);
    EXPECT_EQ(in.uint(9), 0U);
    EXPECT_TRUE(in.bytes(1, 1).empty());
    EXPECT_TRUE(in.text(1, 1).empty());
    EXPECT_EQ(in.array(9), 0U);
    EXPECT_FALSE(in.map(9).next());
    const Status status = in.finish("this");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().context, "this: byte 0: expected an unsigned integer");
}

}  // namespace
}  // namespace ct::attest
