// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/qgs_messages.h"

#include <gtest/gtest.h>

#include "support/qgs_builder.h"
#include "support/tpm_builder.h"

namespace ct::attest::tdx {
namespace {

using test::ByteBuilder;
using test::ModuleReportFields;
using test::QuoteAnswerFields;

TEST(ModuleReport, SaysWhatItsTdHadPutIn) {
    const Bytes report = ModuleReportFields{.data = Bytes(64, 0x17)}.bytes();
    ASSERT_EQ(report.size(), kModuleReportSize);
    const auto data = module_report_data(report);
    ASSERT_TRUE(data) << data.error().to_string();
    EXPECT_EQ(to_vector(*data), Bytes(64, 0x17));
}

TEST(ModuleReport, IsOneOfATdAndWhole) {
    for (const Bytes& none : {Bytes(), Bytes(kModuleReportSize), ModuleReportFields{.type = 0}.bytes(),  // SGX
                              Bytes(kModuleReportSize - 1, 0x81), Bytes(kModuleReportSize + 1, 0x81)})
        EXPECT_EQ(module_report_data(none).error().reason, Reason::evidence_device_failed) << none.size();
}

TEST(QgsQuestion, CarriesTheReportAndNothingElse) {
    const Bytes report(kModuleReportSize, 0x3a);
    const Bytes expected = ByteBuilder()
                               .be32(24 + 1024)  // the one number of the other order
                               .le16(1)
                               .le16(1)
                               .le32(0)  // GET_QUOTE_REQ
                               .le32(24 + 1024)
                               .le32(0)
                               .le32(1024)
                               .le32(0)
                               .raw(report);
    EXPECT_EQ(encode_quote_request(report), expected);
}

TEST(QgsAnswer, IsAnnouncedWithASizeInBounds) {
    const auto announced = [](std::uint32_t size) { return parse_qgs_prefix(Bytes(ByteBuilder().be32(size))); };
    constexpr std::uint32_t most = 24 + 16 + (16 << 10);
    EXPECT_EQ(announced(24), 24U);
    EXPECT_EQ(announced(most), most);
    for (const std::uint32_t size : {0U, 23U, most + 1, 0x18000000U, 0xffffffffU})
        EXPECT_EQ(announced(size).error().reason, Reason::evidence_device_failed) << size;
    EXPECT_FALSE(parse_qgs_prefix(Bytes(3)));
    EXPECT_FALSE(parse_qgs_prefix(Bytes(5)));
}

TEST(QgsAnswer, HoldsAQuote) {
    const Bytes quote(5000, 0x9e), key(16, 0x1d), largest(16 << 10, 0x9e);
    for (const QuoteAnswerFields& fields :
         {QuoteAnswerFields{.key_name = {}, .quote = quote}, QuoteAnswerFields{.key_name = key, .quote = quote},
          QuoteAnswerFields{.minor = 0, .key_name = {}, .quote = quote},
          QuoteAnswerFields{.minor = 9, .key_name = key, .quote = largest}}) {
        const Bytes message = fields.message();
        const auto found = parse_quote_answer(message);
        ASSERT_TRUE(found) << found.error().to_string();
        EXPECT_EQ(to_vector(*found), fields.quote);
    }
}

TEST(QgsAnswer, IsRefusedForWhateverIsWrong) {
    const Bytes quote(100, 0x9e), key(16, 0x1d), too_large((16 << 10) + 1, 0x9e);
    const struct {
        const char* words;
        QuoteAnswerFields fields;
    } cases[] = {
        {"version 2", {.major = 2, .key_name = {}}},
        {"version 0", {.major = 0, .key_name = {}}},
        {"something else", {.type = 0, .key_name = {}}},  // the question, thrown back
        {"something else", {.type = 3, .key_name = {}}},  // collateral
        {"error 0x00012001", {.error = 0x12001, .key_name = {}, .quote = {}}},
        {"error 0xffffffff", {.error = 0xffffffff, .key_name = {}}},
        {"than it says", {.key_name = {}, .size_more = 1}},
        {"than it says", {.key_name = {}, .size_more = -1}},
        {"no name", {.key_name = Bytes(15, 0x1d)}},
        {"no name", {.key_name = Bytes(17, 0x1d)}},
        {"no name", {.key_name = {}, .name_more = -1}},
        {"no size", {.key_name = {}, .quote = {}}},
        {"no size", {.key_name = key, .quote = too_large}},
        {"no size", {.key_name = {}, .quote_more = -101}},
        {"than its parts", {.key_name = {}, .quote_more = 1}},
        {"than its parts", {.key_name = {}, .quote_more = -1}},
        {"than its parts", {.key_name = {}, .name_more = 16}},
        {"than its parts", {.key_name = key, .name_more = -16}},
    };
    for (const auto& [words, fields] : cases) {
        const Bytes message = fields.message();
        const auto refused = parse_quote_answer(message);
        ASSERT_FALSE(refused) << words;
        EXPECT_EQ(refused.error().reason, Reason::evidence_device_failed);
        EXPECT_NE(refused.error().context.find(words), std::string::npos) << refused.error().context;
    }
}

TEST(QgsAnswer, IsRefusedWhereverItIsCutOffOrGoesOn) {
    const Bytes key(16, 0x1d);
    Bytes message = QuoteAnswerFields{.key_name = key}.message();
    ASSERT_TRUE(parse_quote_answer(message));
    for (std::size_t size = 0; size < message.size(); ++size)
        EXPECT_FALSE(parse_quote_answer(ByteView(message).first(size))) << size;
    message.push_back(0);
    EXPECT_FALSE(parse_quote_answer(message));
}

}  // namespace
}  // namespace ct::attest::tdx
