// SPDX-License-Identifier: Apache-2.0
#include "codec/json.h"

#include <gtest/gtest.h>

#include <string>

namespace ct::json {
namespace {

SecretBuffer secret(std::string_view text) { return SecretBuffer::copy_of(as_bytes(text)).value(); }
Result<Document> parse(std::string_view text, const Limits& limits = {}) {
    return Document::parse(secret(text), limits);
}
std::string again(const Document& document) {
    Writer writer;
    return std::string(writer.value(document.root()).take().value().text());
}

TEST(Json, ReadsAnEnvelopeAsTheServerWritesIt) {
    auto document = parse(
        "{\"request_id\":\"r\",\"renewable\":false,\"lease_duration\":2764800,\"data\":{\"data\":{\"pw\":\"a\\u003cb\\u0000\\n"
        "\\\"\\\\\\ud83d\\ude00\",\"n\":1.10},\"metadata\":{\"version\":3}},\"auth\":null}\n");
    ASSERT_TRUE(document) << document.error().to_string();
    const Value root = document->root();
    EXPECT_EQ(root.size(), 5U);
    EXPECT_EQ(root.find("renewable")->boolean(), false);
    EXPECT_EQ(root.find("lease_duration")->uint(), 2764800U);
    EXPECT_TRUE(root.find("auth")->is(Type::null));
    EXPECT_FALSE(root.find("auth", Type::object));
    EXPECT_FALSE(root.find("nothing"));
    const Value data = *root.find("data")->find("data");
    using namespace std::string_view_literals;
    EXPECT_EQ(data.find("pw")->text(), "a<b\0\n\"\\\xF0\x9F\x98\x80"sv);
    EXPECT_EQ(data.find("n")->text(), "1.10");
    EXPECT_EQ(data.find("n")->uint(), std::nullopt);
    EXPECT_EQ(root.find("data")->find("metadata")->find("version")->uint(), 3U);
}

TEST(Json, KeepsNumbersAsTheyWereWritten) {
    for (const std::string_view number :
         {"0", "-0", "9007199254740993", "1.10", "1.0", "1234567890123456789012345", "-1.5e-7", "1E5"}) {
        const auto document = parse(number);
        ASSERT_TRUE(document) << number;
        EXPECT_EQ(document->root().text(), number);
        EXPECT_TRUE(document->root().is(Type::number));
        const auto within = parse("[" + std::string(number) + ",\"x\"]");
        ASSERT_TRUE(within);
        EXPECT_EQ(within->root().first()->text(), number);
        EXPECT_EQ(within->root().first()->next()->text(), "x");
    }
    EXPECT_EQ(parse("18446744073709551615")->root().uint(), UINT64_MAX);
    EXPECT_EQ(parse("18446744073709551616")->root().uint(), std::nullopt);
    EXPECT_EQ(parse("\"7\"")->root().uint(), std::nullopt);
}

TEST(Json, WalksTreesInOrder) {
    const auto document = parse(R"({"a":[1,[2,3],{"b":{}}],"c":[],"d":true})");
    ASSERT_TRUE(document);
    std::string keys;
    for (auto member = document->root().first(); member; member = member->next())
        keys += member->key();
    EXPECT_EQ(keys, "acd");
    const Value a = *document->root().find("a");
    EXPECT_EQ(a.size(), 3U);
    EXPECT_EQ(a.first()->next()->first()->next()->text(), "3");
    EXPECT_FALSE(a.first()->next()->first()->next()->next());
    EXPECT_FALSE(document->root().find("c")->first());
    EXPECT_FALSE(a.find("b")) << "an array has no members";
    EXPECT_EQ(again(*document), R"({"a":[1,[2,3],{"b":{}}],"c":[],"d":true})");
}

TEST(Json, RefusesWhatIsNotOneValueOfValidText) {
    using namespace std::string_view_literals;
    for (const auto text : {""sv,
                            " "sv,
                            "{"sv,
                            "{}x"sv,
                            "{}\0"sv,
                            "{}\0{}"sv,
                            "[1,]"sv,
                            "{\"a\":1,}"sv,
                            "{a:1}"sv,
                            "'a'"sv,
                            "nul"sv,
                            "NaN"sv,
                            "Infinity"sv,
                            "01"sv,
                            "+1"sv,
                            "1."sv,
                            ".5"sv,
                            "1e"sv,
                            "\"\n\""sv,
                            "\"a"sv,
                            "\"\\x\""sv,
                            "\"\\u12\""sv,
                            "\"\\ud800\""sv,
                            "\"\\udc00\""sv,
                            "\"\xFF\""sv,
                            "\"\xC0\x80\""sv,
                            "\xEF\xBB\xBF{}"sv,
                            "/* */1"sv,
                            "[1 2]"sv,
                            "{\"a\" 1}"sv,
                            "\"a\0b\""sv,
                            "1e999999999999"sv}) {
        const auto document = parse(text);
        ASSERT_FALSE(document) << text;
        EXPECT_EQ(document.error().reason, Reason::malformed) << text;
    }
}

TEST(Json, RefusesAKeyThatComesTwice) {
    EXPECT_EQ(parse(R"({"wrap_info":null,"x":1,"wrap_info":{}})").error().reason, Reason::malformed);
    EXPECT_EQ(parse(R"({"a":1,"\u0061":2})").error().reason, Reason::malformed) << "compared after unescaping";
    EXPECT_EQ(parse(R"([{"b":{"a":1,"a":2}}])").error().reason, Reason::malformed);
    EXPECT_TRUE(parse(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})"));
}

TEST(Json, RefusesMoreThanItsLimits) {
    const Limits small{.size = 20, .depth = 3, .values = 5};
    EXPECT_TRUE(parse("[[[1]]]", small));
    EXPECT_EQ(parse("[[[[1]]]]", small).error().reason, Reason::too_large);
    EXPECT_EQ(parse(R"({"a":{"a":{"a":{}}}})", small).error().reason, Reason::too_large);
    EXPECT_TRUE(parse("[1,2,3,4]", small));
    EXPECT_EQ(parse("[1,2,3,4,5]", small).error().reason, Reason::too_large);
    EXPECT_EQ(parse("[               1    ]", small).error().reason, Reason::too_large);
    EXPECT_EQ(parse(std::string(1 << 20, '[')).error().reason, Reason::too_large);
}

TEST(Json, ErrorsNeverQuoteTheText) {
    const auto document = parse(R"({"password":"hunter2" hunter3})");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().to_string().find("hunter"), std::string::npos);
}

TEST(Json, ViewsStayGoodWhenTheDocumentMoves) {
    auto document = parse(R"({"a":"value that is long enough"})");
    const Value value = *document->root().find("a");
    const Document moved = std::move(*document);
    EXPECT_EQ(value.text(), "value that is long enough");
}

TEST(JsonWriter, WritesWhatTheReaderReads) {
    using namespace std::string_view_literals;
    Writer writer;
    auto text = writer.begin_object()
                    .key("role_id")
                    .string("a\"b\\c\n\0d\x1F\x7F\xC3\xA9"sv)
                    .key("list")
                    .begin_array()
                    .number(-5)
                    .boolean(true)
                    .null()
                    .end_array()
                    .key("empty")
                    .begin_object()
                    .end_object()
                    .key("")
                    .string("")
                    .end_object()
                    .take();
    ASSERT_TRUE(text);
    EXPECT_EQ(text->text(),
              "{\"role_id\":\"a\\\"b\\\\c\\u000a\\u0000d\\u001f\x7F\xC3\xA9\",\"list\":[-5,true,null],"
              "\"empty\":{},\"\":\"\"}");
    const auto document = Document::parse(std::move(*text));
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root().find("role_id")->text(), "a\"b\\c\n\0d\x1F\x7F\xC3\xA9"sv);
}

TEST(JsonWriter, GivesAFreshTextEachTime) {
    Writer writer;
    EXPECT_EQ(writer.number(1).take()->text(), "1");
    EXPECT_EQ(writer.number(2).take()->text(), "2");
}

}  // namespace
}  // namespace ct::json
