// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "openbao/answer.h"
#include "openbao/client.h"

namespace ct::openbao {
namespace {

const std::map<std::string, int> kMounts = {{"kv", 2}, {"kv1", 1}, {"team/a/kv", 2}, {"team", 1}};

TEST(SecretRef, NamesMountPathAndField) {
    struct Case {
        std::string_view text, mount, path, field;
        int version;
    };
    for (const Case& c : {
             Case{"kv/payments#password", "kv", "payments", "password", 2},
             Case{"kv1/payments#password", "kv1", "payments", "password", 1},
             Case{"kv/a/b/c#x", "kv", "a/b/c", "x", 2},
             Case{"team/a/kv/p#x", "team/a/kv", "p", "x", 2},
             Case{"team/a/other#x", "team", "a/other", "x", 1},
             Case{"unknown/p#x", "unknown", "p", "x", 2},
             Case{"kv2/p#x", "kv2", "p", "x", 2},
             Case{"kv/with space/\xC3\xA9.%#x y", "kv", "with space/\xC3\xA9.%", "x y", 2},
         }) {
        const auto ref = parse_secret_ref(c.text, kMounts);
        ASSERT_TRUE(ref) << c.text << ": " << ref.error().to_string();
        EXPECT_EQ(ref->mount, c.mount) << c.text;
        EXPECT_EQ(ref->path, c.path) << c.text;
        EXPECT_EQ(ref->field, c.field) << c.text;
        EXPECT_EQ(ref->kv_version, c.version) << c.text;
    }
}

TEST(SecretRef, RefusesWhatTheServerWouldReadDifferently) {
    using namespace std::string_view_literals;
    const std::string segment(257, 'a');
    for (const std::string_view text :
         {""sv,         "#"sv,         "kv"sv,        "kv#x"sv,       "kv/#x"sv,     "/p#x"sv,         "kv/p"sv,
          "kv/p#"sv,    "kv//p#x"sv,   "kv/p/#x"sv,   "kv/../p#x"sv,  "kv/./p#x"sv,  "kv/p/..#x"sv,    "../kv#x"sv,
          "kv/p#x#y"sv, "kv/a\nb#x"sv, "kv/a\0b#x"sv, "kv/p#a\x7F"sv, "kv/\xFF#x"sv, "kv/\xC2\x85#x"sv}) {
        const auto ref = parse_secret_ref(text, kMounts);
        ASSERT_FALSE(ref) << text;
        EXPECT_EQ(ref.error().reason, Reason::invalid_argument) << text;
    }
    EXPECT_FALSE(parse_secret_ref("kv/" + segment + "#x", kMounts));
    EXPECT_FALSE(parse_secret_ref("kv/p#" + segment, kMounts));
    EXPECT_FALSE(parse_secret_ref("kv/p#x", {{"kv", 3}}));
}

TEST(SecretRef, TakesAnEmptySetOfMounts) {
    EXPECT_EQ(parse_secret_ref("kv/p#x", {})->mount, "kv");
    EXPECT_FALSE(parse_secret_ref("p#x", {}));
}

TEST(EscapePath, LeavesNothingThatEndsOrChangesAPath) {
    EXPECT_EQ(escape_path("kv/data/a-b._~1"), "kv/data/a-b._~1");
    EXPECT_EQ(escape_path("a b?c#d%2e\xC3\xA9"), "a%20b%3Fc%23d%252e%C3%A9");
}

}  // namespace
}  // namespace ct::openbao
