// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/arguments.h"

#include <gtest/gtest.h>

namespace ct::daemon {
namespace {

constexpr Spec kSpec{.name = "cloudtaser-x",
                     .purpose = "does x",
                     .bus_name = "io.cloudtaser.X1",
                     .object = "/io/cloudtaser/X1",
                     .config_file = "/etc/cloudtaser/x.toml"};

Result<Arguments> parse(std::vector<std::string> words) {
    words.insert(words.begin(), "cloudtaser-x");
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    return parse_arguments(static_cast<int>(argv.size()), argv.data(), kSpec);
}

TEST(DaemonArguments, WithoutAnyTheDefaultFileIsUsed) {
    const auto got = parse({});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->config_file, "/etc/cloudtaser/x.toml");
    EXPECT_FALSE(got->config_given || got->check_config || got->version || got->help || got->log_level);
}

TEST(DaemonArguments, EveryOptionIsUnderstoodInBothSpellings) {
    for (const auto& words : {std::vector<std::string>{"--config", "/f", "--check-config", "--log-level", "debug"},
                              std::vector<std::string>{"--config=/f", "--check-config", "--log-level=debug"}}) {
        const auto got = parse(words);
        ASSERT_TRUE(got);
        EXPECT_EQ(got->config_file, "/f");
        EXPECT_TRUE(got->config_given);
        EXPECT_TRUE(got->check_config);
        EXPECT_EQ(got->log_level, log::Level::debug);
    }
    EXPECT_TRUE(parse({"--version"})->version);
    EXPECT_TRUE(parse({"--help"})->help);
    EXPECT_TRUE(parse({"-h"})->help);
}

struct Wrong {
    std::vector<std::string> words;
    const char* error;
};
class WrongArguments : public testing::TestWithParam<Wrong> {};
TEST_P(WrongArguments, AreRefusedWithWords) {
    const auto got = parse(GetParam().words);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().context, GetParam().error);
}
INSTANTIATE_TEST_SUITE_P(
    All, WrongArguments,
    testing::Values(Wrong{{"--config"}, "--config needs a value"},
                    Wrong{{"--confg", "/f"}, "unknown argument: --confg"},
                    Wrong{{"/etc/x"}, "unknown argument: /etc/x"}, Wrong{{""}, "unknown argument: "},
                    Wrong{{"--version=1"}, "--version takes no value"},
                    Wrong{{"--log-level", "loud"}, "--log-level is one of err, warning, notice, info, debug"}));

TEST(DaemonArguments, TheHelpNamesEveryOptionAndTheDefaults) {
    const std::string text = help_text(kSpec);
    for (const char* word : {"--config", "--check-config", "--log-level", "--version", "--help", "cloudtaser-x does x.",
                             "/etc/cloudtaser/x.toml", "io.cloudtaser.X1"})
        EXPECT_NE(text.find(word), std::string::npos) << word;
}

}  // namespace
}  // namespace ct::daemon
