// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

#include <gtest/gtest.h>

namespace ct {
namespace {

struct Row {
    std::string_view plain, standard, url;
};

// RFC 4648 section 10, and the two digits in which the alphabets differ.
constexpr Row kRows[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xef\xbe\xff", "++++/w==", "----_w"},
};

TEST(Base64, AgreesWithTheRfc) {
    for (const Row& row : kRows) {
        EXPECT_EQ(base64_encode(as_bytes(row.plain)), row.standard);
        EXPECT_EQ(base64url_encode(as_bytes(row.plain)), row.url);
        EXPECT_EQ(base64_decode(row.standard, 100), to_vector(as_bytes(row.plain))) << row.standard;
        EXPECT_EQ(base64url_decode(row.url, 100), to_vector(as_bytes(row.plain))) << row.url;
    }
}

TEST(Base64, RefusesASecondSpellingOfTheSameBytes) {
    for (const std::string_view bad : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "=",
                                       "==", "====", "Z===", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm 9v", "Zm9v=", "----"})
        EXPECT_EQ(base64_decode(bad, 100).error().reason, Reason::malformed) << bad;
    for (const std::string_view bad : {"Zg==", "Z", "Zh", "Zm9", "++++", "Zm9vY", "Zm9v\n"})
        EXPECT_EQ(base64url_decode(bad, 100).error().reason, Reason::malformed) << bad;
}

TEST(Base64, IsBoundedBeforeItAllocates) {
    EXPECT_TRUE(base64_decode("Zm9vYg==", 4));
    EXPECT_EQ(base64_decode("Zm9vYmE=", 4).error().reason, Reason::too_large);
    EXPECT_EQ(base64url_decode("Zm9vYmE", 4).error().reason, Reason::too_large);
}

TEST(Base64, RoundTripsEveryLengthAndByte) {
    Bytes bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(base64_decode(base64_encode(bytes), 300), bytes);
        EXPECT_EQ(base64url_decode(base64url_encode(bytes), 300), bytes);
        bytes.push_back(static_cast<std::uint8_t>(i * 7));
    }
}

}  // namespace
}  // namespace ct
