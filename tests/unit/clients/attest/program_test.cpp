// SPDX-License-Identifier: Apache-2.0
// Arguments, help, and the pages that must say the same.
#include <set>
#include <sstream>

#include "base/fd.h"
#include "tool.h"

namespace ct::attest_tool {
namespace {

using test::ran;

TEST(AttestProgram, ExitsWithTwoForWrongArguments) {
    const struct {
        std::vector<std::string> arguments;
        std::string_view said;
    } rows[] = {
        {{}, "subcommand is required"},
        {{"show"}, "FILE is required"},
        {{"verify", "x"}, "--policy is required"},
        {{"verify", "x", "--policy", "y"}, "--no-freshness"},
        {{"verify", "x", "--policy", "y", "--nonce", "zz"}, "--nonce"},
        {{"verify", "x", "--policy", "y", "--nonce", "00", "--at", "noon"}, "--at"},
        {{"verify", "x", "--policy", "y", "--nonce", "00", "--item", "x"}, "NAME=FILE"},
        {{"verify", "x", "--policy", "y", "--nonce", "00", "--bundle", "b", "--signer", "me"}, "--signer"},
        {{"verify", "x", "--policy", "y", "--needed", "0"}, "--needed"},
        {{"collect", "--colour"}, "--colour"},
    };
    for (const auto& row : rows) {
        const auto result = ran(row.arguments);
        EXPECT_EQ(result.code, 2) << result.output;
        EXPECT_NE(result.output.find(row.said), std::string::npos) << row.said << "\n" << result.output;
    }
    const auto version = ran({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_EQ(version.output, "cloudtaser-attest " CT_VERSION "\n");
}

// Every verb and option that --help names is in the man page and in the completions.
TEST(AttestProgram, IsDescribedAndCompletedAsItsHelpSays) {
    std::set<std::string> words{"show", "verify", "collect"};
    for (const auto& verb : std::vector<std::string>(words.begin(), words.end())) {
        std::istringstream help(ran({verb, "--help"}).output);
        for (std::string line; std::getline(help, line);) {
            if (!line.starts_with("  -")) continue;
            std::string names = line.substr(0, line.find(' ', 2));
            for (std::size_t at = names.find("--"); at != std::string::npos; at = names.find("--", at + 2)) {
                const auto end = names.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
                words.insert(names.substr(at + 2, end == std::string::npos ? end : end - at - 2));
            }
        }
    }
    EXPECT_GT(words.size(), 25U);
    EXPECT_TRUE(words.contains("no-freshness") && words.contains("vlek") && words.contains("nsm"));
    for (const char* file : {"clients/completions/bash/cloudtaser-attest", "clients/completions/zsh/_cloudtaser-attest",
                             "clients/completions/fish/cloudtaser-attest.fish", "docs/man/cloudtaser-attest.1.md"}) {
        const std::string text = read_file(std::string(CT_SOURCE_DIR) + "/" + file, 1 << 16).value();
        for (const auto& word : words)
            if (word != "help") EXPECT_NE(text.find(word), std::string::npos) << file << " lacks " << word;
    }
}

}  // namespace
}  // namespace ct::attest_tool
