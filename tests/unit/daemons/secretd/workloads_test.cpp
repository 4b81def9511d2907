// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/workloads.h"

#include <gtest/gtest.h>

namespace ct::secretd {
namespace {

std::optional<std::uint64_t> uid_of(const std::string& name) {
    if (name == "payments") return 990;
    return std::nullopt;
}

Result<Workloads> parse(std::string_view text) {
    auto document = config::Document::parse(text, "w.toml");
    if (!document) return std::unexpected(document.error());
    return parse_workloads(document->root(), uid_of, {{"kv", 2}, {"old", 1}});
}

TEST(Workloads, ReadsUsersUnitsAndMappings) {
    const auto workloads = parse(R"(
[workload.payments]
users = ["payments", "1000"]
units = ["payments.service"]
[workload.payments.env]
DB_PASSWORD = "kv/payments#password"
API_KEY = { secret = "old/api#key", children = "strip" }
[workload.payments.secrets]
KEYTAB = "kv/payments#keytab"
)");
    ASSERT_TRUE(workloads) << workloads.error().to_string();
    const auto& rules = workloads->at("payments");
    EXPECT_EQ(rules.uids, (std::set<std::uint64_t>{990, 1000}));
    EXPECT_EQ(rules.environment.at("DB_PASSWORD").ref.mount, "kv");
    EXPECT_EQ(rules.environment.at("DB_PASSWORD").ref.field, "password");
    EXPECT_EQ(rules.environment.at("DB_PASSWORD").children, Children::rearm);
    EXPECT_EQ(rules.environment.at("API_KEY").children, Children::strip);
    EXPECT_EQ(rules.environment.at("API_KEY").ref.kv_version, 1);
    EXPECT_TRUE(rules.secrets.contains("KEYTAB"));
}

// A unit with DynamicUser= has a number that nobody knows before it runs.
TEST(Workloads, AUnitAloneMayBeNamed) {
    const auto workloads = parse("[workload.a]\nunits = [\"a.service\"]\n[workload.b]\nusers = [\"payments\"]\n");
    ASSERT_TRUE(workloads) << workloads.error().to_string();
    const auto& by_unit = workloads->at("a");
    EXPECT_TRUE(by_unit.allows({61234, "a.service", {}}));
    EXPECT_EQ(by_unit.allows({61234, "b.service", {}}).error().reason, Reason::caller_not_allowed);
    EXPECT_EQ(by_unit.allows({0, "", {}}).error().reason, Reason::caller_not_allowed);
    const auto& by_user = workloads->at("b");
    EXPECT_TRUE(by_user.allows({990, "b.service", {}}));
    EXPECT_EQ(by_user.allows({61234, "b.service", {}}).error().reason, Reason::caller_not_allowed);
}

struct BadCase {
    const char* name;
    const char* text;
    const char* says;
};

TEST(Workloads, EveryMistakeIsNamedWithItsLine) {
    const BadCase cases[] = {
        {"no table", "workload = \"a\"\n", "w.toml:1: workload: expected a table, found a string"},
        {"neither users nor units", "[workload.a]\nexecutables = [\"12\"]\n", "w.toml:1"},
        {"no user", "[workload.a]\nusers = []\n", "w.toml:2"},
        {"no unit", "[workload.a]\nunits = []\n", "w.toml:2"},
        {"no executable", "[workload.a]\nusers = [\"payments\"]\nexecutables = []\n", "w.toml:3"},
        {"unknown user", "[workload.a]\nusers = [\"nobody-here\"]\n", "w.toml:2"},
        {"unknown key", "[workload.a]\nusers = [\"payments\"]\nuser = 1\n", "w.toml:3"},
        {"bad variable", "[workload.a]\nusers = [\"payments\"]\n[workload.a.env]\n\"A-B\" = \"kv/p#f\"\n", "w.toml:4"},
        {"no field", "[workload.a]\nusers = [\"payments\"]\n[workload.a.env]\nA = \"kv/p\"\n", "w.toml:4"},
        {"bad children",
         "[workload.a]\nusers = [\"payments\"]\n[workload.a.env]\nA = { secret = \"kv/p#f\", children = \"no\" }\n",
         "w.toml:4"},
        {"bad digest", "[workload.a]\nusers = [\"payments\"]\nexecutables = [\"12\"]\n", "w.toml:3"},
        {"twice",
         "[workload.a]\nusers = [\"payments\"]\n[workload.a.env]\nA = \"kv/p#f\"\n[workload.a.secrets]\nA = \"kv/p#f\"\n",
         "both env and secrets"},
    };
    for (const auto& bad : cases) {
        SCOPED_TRACE(bad.name);
        const auto result = parse(bad.text);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, Reason::config_invalid);
        EXPECT_NE(result.error().context.find(bad.says), std::string::npos) << result.error().context;
    }
}

TEST(Workloads, VariableNamesArePortable) {
    EXPECT_TRUE(is_variable_name("DB_PASSWORD"));
    EXPECT_TRUE(is_variable_name("_x9"));
    EXPECT_FALSE(is_variable_name(""));
    EXPECT_FALSE(is_variable_name("9A"));
    EXPECT_FALSE(is_variable_name("A=B"));
    EXPECT_FALSE(is_variable_name("A B"));
    EXPECT_FALSE(is_variable_name(std::string(257, 'A')));
}

}  // namespace
}  // namespace ct::secretd
