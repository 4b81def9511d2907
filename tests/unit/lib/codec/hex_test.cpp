// SPDX-License-Identifier: Apache-2.0
#include "codec/hex.h"

#include <gtest/gtest.h>

namespace ct {
namespace {

TEST(Hex, EncodesLowerCaseAndDecodesEither) {
    const Bytes bytes = {0x00, 0x0f, 0xA5, 0xff};
    EXPECT_EQ(hex_encode(bytes), "000fa5ff");
    EXPECT_EQ(hex_decode("000fa5ff", 4), bytes);
    EXPECT_EQ(hex_decode("000FA5fF", 4), bytes);
    EXPECT_EQ(hex_encode({}), "");
    EXPECT_EQ(hex_decode("", 0), Bytes{});
}

TEST(Hex, RefusesAnythingElse) {
    for (const std::string_view bad : {"0", "0g", "g0", "0x00", " 00", "00 ", "0\n", "\xc3\xa4", "00:11"})
        EXPECT_EQ(hex_decode(bad, 100).error().reason, Reason::malformed) << bad;
}

TEST(Hex, IsBoundedBeforeItAllocates) {
    EXPECT_TRUE(hex_decode("0011", 2));
    EXPECT_EQ(hex_decode("001122", 2).error().reason, Reason::too_large);
}

TEST(Hex, AnArrayTakesExactlyItsLength) {
    EXPECT_EQ(hex_decode_array<2>("a1b2"), (ByteArray<2>{0xa1, 0xb2}));
    EXPECT_FALSE(hex_decode_array<2>("a1b2c3"));
    EXPECT_FALSE(hex_decode_array<2>("a1"));
    EXPECT_FALSE(hex_decode_array<2>("a1b"));
}

}  // namespace
}  // namespace ct
