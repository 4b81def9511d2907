// SPDX-License-Identifier: Apache-2.0
#include "codec/json_text.h"

#include <gtest/gtest.h>

#include "codec/json.h"

namespace ct::json {
namespace {

TEST(JsonText, EscapesWhatAStringMayNotHold) {
    EXPECT_EQ(quoted(""), "\"\"");
    EXPECT_EQ(quoted("a\"b\\c\n\x01/"), R"("a\"b\\c\u000a\u0001/")");
    EXPECT_EQ(quoted("\xc3\xa9"), "\"\xc3\xa9\"");
    EXPECT_EQ(quoted("\xff"
                     "a\xc3"),
              "\"\xef\xbf\xbd"
              "a\xef\xbf\xbd\"");
}

TEST(JsonText, AnyBytesMakeAStringThatTheStrictReaderTakes) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte)
        all.push_back(static_cast<char>(byte));
    for (const std::string& text : {all, all.substr(0, 128)}) {
        const auto document = Document::parse(SecretBuffer::copy_of(as_bytes(json::quoted(text))).value());
        ASSERT_TRUE(document) << document.error().to_string();
        if (text.size() == 128) {
            EXPECT_EQ(document->root().text(), text);
        }
    }
}

}  // namespace
}  // namespace ct::json
