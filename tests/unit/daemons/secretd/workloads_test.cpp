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

struct BadCase {
    const char* name;
    const char* text;
    const char* says;
};

TEST(Workloads, EveryMistakeIsNamedWithItsLine) {
    const BadCase cases[] = {
        {"no table", "workload = \"a\"\n", "w.toml:1: workload: expected a table, found a string"},
        {"no users", "[workload.a]\n", "w.toml:1"},
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
