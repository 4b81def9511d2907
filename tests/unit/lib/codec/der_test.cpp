// SPDX-License-Identifier: Apache-2.0
#include "codec/der.h"

#include <gtest/gtest.h>

#include "codec/hex.h"

namespace ct::der {
namespace {

Bytes hex(const char* text) { return hex_decode(text, 1024).value(); }

TEST(Der, ReadsWhatCertificatesOfProcessorsHold) {
    const Bytes bytes =
        hex("300d"
            "0603550406"
            "020200db"
            "16024142");
    Reader in(bytes);
    const auto sequence = in.take(kSequence);
    ASSERT_TRUE(sequence);
    EXPECT_TRUE(in.finish());
    Reader inner(*sequence);
    EXPECT_EQ(hex_encode(inner.take(kOid).value()), "550406");
    EXPECT_EQ(inner.number().value(), 0xdbU);
    EXPECT_EQ(as_text(inner.take(kIa5String).value()), "AB");
    EXPECT_TRUE(inner.empty());
}

TEST(Der, NumbersHaveOneFormOnly) {
    const struct {
        const char* bytes;
        std::int64_t value;  // -1: refused
    } rows[] = {{"020100", 0},
                {"02017f", 127},
                {"02020080", 128},
                {"020200ff", 255},
                {"0204ffffffff", -1},
                {"0205007fffffff", -1},
                {"020500ffffffff", 0xffffffff},
                {"02020001", -1},
                {"0201ff", -1},
                {"0200", -1},
                {"02060001000000", -1},
                {"0206010000000000", -1},
                {"0a0102", -1},
                {"0202", -1}};
    for (const auto& [bytes, value] : rows) {
        const Bytes input = hex(bytes);
        const auto number = Reader(input).number();
        EXPECT_EQ(number ? std::int64_t{*number} : -1, value) << bytes;
    }
    const Bytes enumerated = hex("0a0102");
    EXPECT_EQ(Reader(enumerated).number(kEnumerated).value(), 2U);
}

TEST(Der, BooleansAreAllOnesOrZero) {
    EXPECT_TRUE(Reader(hex("0101ff")).boolean().value());
    EXPECT_FALSE(Reader(hex("010100")).boolean().value());
    EXPECT_FALSE(Reader(hex("010101")).boolean());
    EXPECT_FALSE(Reader(hex("0102ffff")).boolean());
}

TEST(Der, LengthsAreShortestAndInside) {
    for (const char* bad : {"04", "0480", "048105", "04810141", "0482007f", "04830000014100", "040241", "30050201"})
        EXPECT_FALSE(Reader(hex(bad)).take(hex(bad)[0])) << bad;
    Bytes longer = hex("048180");
    longer.resize(3 + 128, 'a');
    EXPECT_EQ(Reader(longer).take(kOctetString).value().size(), 128U);
    Bytes longest = hex("04820100");
    longest.resize(4 + 256, 'a');
    EXPECT_EQ(Reader(longest).take(kOctetString).value().size(), 256U);
}

TEST(Der, AnotherTagIsRefusedAndNothingIsTaken) {
    const Bytes bytes = hex("020105");
    Reader in(bytes);
    EXPECT_FALSE(in.take(kSequence));
    EXPECT_FALSE(in.finish());
    EXPECT_EQ(in.number().value(), 5U);
    EXPECT_TRUE(in.finish());
}

}  // namespace
}  // namespace ct::der
