// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/enrolment.h"

#include <gtest/gtest.h>

#include "support/paper_verifier.h"

namespace ct::judge {
namespace {

const std::string kOne(64, '1'), kTwo(64, '2');

Sha256 key(std::uint8_t byte) {
    Sha256 out;
    out.fill(byte);
    return out;
}

Status add(Enrolments& nodes, const std::string& text) {
    auto document = config::Document::parse(text, "nodes.toml");
    if (!document) return std::unexpected(document.error());
    return nodes.add(document->root(), test::find_paper);
}

TEST(Enrolments, ANodeIsFoundByEachOfItsKeys) {
    Enrolments nodes;
    ASSERT_TRUE(add(nodes, "[[node]]\nname = \"n1\"\nspki = [\"" + kOne + "\", \"" + kTwo + "\"]\n"));
    EXPECT_EQ(nodes.find(key(0x11)), (EnrolledNode{"n1", false}));
    EXPECT_EQ(nodes.find(key(0x22)), (EnrolledNode{"n1", false}));
    EXPECT_EQ(nodes.find(key(0x33)), std::nullopt);
    EXPECT_EQ(nodes.names(), 1U);
}

TEST(Enrolments, OneKeyMayBeWrittenWithoutAList) {
    Enrolments nodes;
    ASSERT_TRUE(add(nodes, "[[node]]\nname = \"n1\"\nspki = \"" + kOne + "\"\nrevoked = true\n"));
    EXPECT_EQ(nodes.find(key(0x11)), (EnrolledNode{"n1", true}));
}

TEST(Enrolments, ANodeBringsItsKeysForEachKindOfEvidence) {
    Enrolments nodes;
    ASSERT_TRUE(add(nodes, "[[node]]\nname = \"n1\"\nspki = \"" + kOne +
                               "\"\nkeys.parchment = [\"seal:blue\"]\nkeys.paper = [\"seal:red\", \"seal:green\"]\n"));
    const auto node = nodes.find(key(0x11));
    ASSERT_TRUE(node);
    EXPECT_EQ(node->keys.at("paper"), (std::vector<std::string>{"seal:red", "seal:green"}));
    EXPECT_EQ(node->keys.at("parchment"), std::vector<std::string>{"seal:blue"});
}

TEST(Enrolments, SeveralFilesAddUp) {
    Enrolments nodes;
    ASSERT_TRUE(add(nodes, "[[node]]\nname = \"n1\"\nspki = \"" + kOne + "\"\n"));
    ASSERT_TRUE(add(nodes, "[[node]]\nname = \"n2\"\nspki = \"" + kTwo + "\"\n"));
    ASSERT_TRUE(add(nodes, ""));
    EXPECT_EQ(nodes.by_key().size(), 2U);
}

struct Mistake {
    std::string name, text, says;
};
class EnrolmentMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EnrolmentMistake, IsRefusedAndNothingIsAdded) {
    Enrolments nodes;
    ASSERT_TRUE(add(nodes, "[[node]]\nname = \"old\"\nspki = \"" + kOne + "\"\n"));
    const auto status =
        add(nodes, "[[node]]\nname = \"fine\"\nspki = \"" + std::string(64, '9') + "\"\n" + GetParam().text);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::config_invalid);
    EXPECT_TRUE(status.error().context.starts_with("nodes.toml:")) << status.error().context;
    EXPECT_NE(status.error().context.find(GetParam().says), std::string::npos) << status.error().context;
    EXPECT_EQ(nodes.by_key().size(), 1U);
    EXPECT_EQ(nodes.names(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EnrolmentMistake,
    testing::Values(
        Mistake{"NoKey", "[[node]]\nname = \"n\"\n", "required"},
        Mistake{"NoName", "[[node]]\nspki = \"" + kTwo + "\"\n", "required"},
        Mistake{"BadName", "[[node]]\nname = \"a/b\"\nspki = \"" + kTwo + "\"\n", "letters"},
        Mistake{"ShortKey", "[[node]]\nname = \"n\"\nspki = \"22\"\n", "64 hexadecimal"},
        Mistake{"EmptyKeys", "[[node]]\nname = \"n\"\nspki = []\n", "string"},
        Mistake{"FiveKeys",
                "[[node]]\nname = \"n\"\nspki = [\"" + kTwo + "\",\"" + kTwo + "\",\"" + kTwo + "\",\"" + kTwo +
                    "\",\"" + kTwo + "\"]\n",
                "at most 4"},
        Mistake{"KeyTwiceInOne", "[[node]]\nname = \"n\"\nspki = [\"" + kTwo + "\",\"" + kTwo + "\"]\n",
                "enrolled already"},
        Mistake{"KeyOfAnother", "[[node]]\nname = \"n\"\nspki = \"" + kOne + "\"\n",
                "enrolled already for node \"old\""},
        Mistake{"NameTwice", "[[node]]\nname = \"old\"\nspki = \"" + kTwo + "\"\n", "nodes.toml:1"},
        Mistake{"UnknownKey", "[[node]]\nname = \"n\"\nspki = \"" + kTwo + "\"\nrevokd = true\n", "unknown key"},
        Mistake{"KeysOfAnUnknownKind", "[[node]]\nname = \"n\"\nspki = \"" + kTwo + "\"\nkeys.clay = [\"seal:x\"]\n",
                "no evidence of kind \"clay\""},
        Mistake{"KeysWithoutKind", "[[node]]\nname = \"n\"\nspki = \"" + kTwo + "\"\nkeys = [\"seal:x\"]\n", "a table"},
        Mistake{"KeysEmpty", "[[node]]\nname = \"n\"\nspki = \"" + kTwo + "\"\nkeys.paper = []\n", "1 to 4"},
        Mistake{"KeysTooMany",
                "[[node]]\nname = \"n\"\nspki = \"" + kTwo +
                    "\"\nkeys.paper = [\"seal:1\", \"seal:2\", \"seal:3\", \"seal:4\", \"seal:5\"]\n",
                "1 to 4"},
        Mistake{"KeyOfTheWrongForm", "[[node]]\nname = \"n\"\nspki = \"" + kTwo + "\"\nkeys.paper = [\"wax\"]\n",
                "write seal:STAMP"},
        Mistake{
            "KeyTooLong",
            "[[node]]\nname = \"n\"\nspki = \"" + kTwo + "\"\nkeys.paper = [\"seal:" + std::string(300, 'x') + "\"]\n",
            "too long"},
        Mistake{"RevokedText", "[[node]]\nname = \"n\"\nspki = \"" + kTwo + "\"\nrevoked = \"no\"\n", "true or false"}),
    [](const auto& row) { return row.param.name; });

TEST(Enrolments, ATableInsteadOfAListIsRefused) {
    Enrolments nodes;
    EXPECT_FALSE(add(nodes, "[node]\nname = \"n1\"\n"));
}

}  // namespace
}  // namespace ct::judge
