// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/node_entry.h"

#include <gtest/gtest.h>

#include "support/paper_verifier.h"

namespace ct::ctl {
namespace {

Sha256 filled(std::uint8_t byte) {
    Sha256 out;
    out.fill(byte);
    return out;
}

const NodeEntry kEntry{"node-1", {filled(1), filled(2)}, {{"paper", {"seal:red", "seal:blue"}}}};

TEST(ShortForm, IsTheFirstHundredBitsInGroups) {
    EXPECT_EQ(short_form(filled(0)), "0000-0000-0000-0000-0000");
    EXPECT_EQ(short_form(filled(0xFF)), "zzzz-zzzz-zzzz-zzzz-zzzz");
    Sha256 counting;
    for (std::size_t i = 0; i < counting.size(); ++i)
        counting[i] = static_cast<std::uint8_t>(i);
    EXPECT_EQ(short_form(counting), "000g-40r4-0m30-e209-185g");
}

TEST(ShortFingerprint, CoversNameAndKeysButNotTheirOrderNorTheState) {
    const std::string fingerprint = short_fingerprint(kEntry);
    auto same = kEntry;
    std::ranges::reverse(same.spki);
    std::ranges::reverse(same.keys["paper"]);
    same.revoked = true;
    EXPECT_EQ(short_fingerprint(same), fingerprint);
    const std::function<void(NodeEntry&)> changes[] = {
        [](NodeEntry& e) { e.name = "node-2"; },
        [](NodeEntry& e) { e.spki[0][31] ^= 1; },
        [](NodeEntry& e) { e.spki.pop_back(); },
        [](NodeEntry& e) { e.keys["paper"][0] = "seal:rea"; },
        [](NodeEntry& e) { e.keys["paper"].pop_back(); },
        [](NodeEntry& e) { e.keys["parchment"] = {"seal:red"}; },
        [](NodeEntry& e) { e.keys = {{"parchment", e.keys["paper"]}}; },
    };
    for (const auto& change : changes) {
        auto other = kEntry;
        change(other);
        EXPECT_NE(short_fingerprint(other), fingerprint);
    }
}

TEST(ShortFingerprint, IsReadAsPeopleSayIt) {
    EXPECT_TRUE(says("K7QD-2mxa", "k7qd-2mxa"));
    EXPECT_TRUE(says("k7qd 2mxa", "k7qd-2mxa"));
    EXPECT_TRUE(says("k7qd2mxa", "k7qd-2mxa"));
    EXPECT_FALSE(says("k7qd-2mx", "k7qd-2mxa"));
    EXPECT_FALSE(says("", "k7qd-2mxa"));
}

TEST(NodeEntry, SurvivesItsFile) {
    for (const bool revoked : {false, true}) {
        auto entry = kEntry;
        entry.revoked = revoked;
        const auto read = read_entry(to_toml(entry), "n.toml", ct::test::find_paper);
        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(*read, entry);
    }
}

TEST(NodeEntry, IsOneNodeAndNothingElse) {
    const std::string one = to_toml(kEntry);
    const auto two = one + "[[node]]\nname = \"b\"\nspki = \"" + std::string(64, 'b') + "\"\n";
    for (const std::string& text : {std::string(), two, one + "[gate]\n", std::string("garbage"), one + "more = 1\n"}) {
        const auto read = read_entry(text, "n.toml", ct::test::find_paper);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().reason, Reason::config_invalid);
    }
}

}  // namespace
}  // namespace ct::ctl
