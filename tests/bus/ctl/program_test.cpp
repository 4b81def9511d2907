// SPDX-License-Identifier: Apache-2.0
// The program itself: arguments, exit codes, and where it says what.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "base/fd.h"
#include "support/private_bus.h"
#include "support/process.h"

namespace ct::ctl {
namespace {

ct::test::Ran ran(std::vector<std::string> arguments, std::string program = ct::test::built("cloudtaserctl")) {
    const ct::test::TempDir folder;
    arguments.insert(arguments.begin(), std::move(program));
    ct::test::Launch launch{.argv = std::move(arguments)};
    launch.environment["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=" + folder.file("no-bus");
    return ct::test::run(launch);
}

TEST(Program, ExitsWithTwoForWrongArgumentsAndSaysWhich) {
    const struct {
        std::vector<std::string> arguments;
        std::string_view said;
    } rows[] = {
        {{}, "subcommand is required"},
        {{"status", "--colour"}, "--colour"},
        {{"fetch", "payments", "NAME"}, "--to-fd is required"},
        {{"fetch", "payments", "NAME", "--to-fd", "-1"}, "--to-fd"},
        {{"fetch", "payments", "NAME", "--to-fd", "x"}, "--to-fd"},
        {{"keygen", "root"}, "root not in {node,gate}"},
        {{"keygen", "node", "--days", "0"}, "--days"},
        {{"policy", "check"}, "PATH is required"},
        {{"gate", "verdict"}, "subcommand is required"},
        {{"gate", "verdict", "replay"}, "RECORD is required"},
        {{"revoke"}, "WORKLOAD is required"},
    };
    for (const auto& row : rows) {
        const auto result = ran(row.arguments);
        EXPECT_EQ(result.code, 2) << result.output;
        EXPECT_NE(result.output.find(row.said), std::string::npos) << row.said << "\n" << result.output;
    }
}

TEST(Program, ExitsWithOneAndAReasonWhenItFails) {
    const auto words = ran({"status"});
    EXPECT_EQ(words.code, 1);
    EXPECT_TRUE(words.output.starts_with("cloudtaserctl: daemon_unavailable: ")) << words.output;
    EXPECT_NE(words.output.find("(cloudtaserctl reasons daemon_unavailable)"), std::string::npos);
    for (const auto& arguments : {std::vector<std::string>{"--json", "status"}, {"status", "--json"}}) {
        const auto json = ran(arguments);
        EXPECT_EQ(json.code, 1);
        EXPECT_TRUE(json.output.starts_with(R"({"error":{"reason":"daemon_unavailable",)")) << json.output;
    }
}

// The verbs and long options of a verb, by its --help; those of its verbs, too.
void collect_words(const std::vector<std::string>& verb, std::set<std::string>& words) {
    auto arguments = verb;
    arguments.emplace_back("--help");
    std::istringstream help(ran(arguments).output);
    bool verbs = false;
    for (std::string line; std::getline(help, line);) {
        if (line.starts_with("Subcommands:")) verbs = true;
        std::istringstream columns(line);
        std::string word;
        if (!line.starts_with("  ") || line.starts_with("   ") || !(columns >> word)) continue;
        if (const auto dashes = word.rfind("--"); dashes != std::string::npos) {
            const auto end = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", dashes);
            words.insert(word.substr(dashes + 2, end - dashes - 2));
        } else if (verbs && word != "run") {  // whose arguments are cloudtaser-run's
            words.insert(word);
            auto deeper = verb;
            deeper.push_back(word);
            collect_words(deeper, words);
        }
    }
}

TEST(Program, IsCompletedByEveryShellAsItsHelpSays) {
    std::set<std::string> words;
    collect_words({}, words);
    EXPECT_TRUE(words.contains("enrolment") && words.contains("fingerprint") && words.contains("replay"));
    const std::string folder = std::string(CT_SOURCE_DIR) + "/clients/completions/";
    for (const char* file : {"bash/cloudtaserctl", "zsh/_cloudtaserctl", "fish/cloudtaserctl.fish"}) {
        const std::string text = read_file(folder + file, 1 << 16).value();
        for (const auto& word : words)
            EXPECT_NE(text.find(word), std::string::npos) << file << " lacks " << word;
    }
}

TEST(Program, ExitsWithZeroForWhatNeedsNoDaemon) {
    EXPECT_EQ(ran({"reasons"}).code, 0);
    EXPECT_EQ(ran({"--help"}).code, 0);
    const auto version = ran({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_EQ(version.output, "cloudtaserctl " CT_VERSION "\n");
    const ct::test::TempDir folder;
    const auto made = ran({"keygen", "node", "--directory", folder.path(), "--name", "n"});
    EXPECT_EQ(made.code, 0) << made.output;
    EXPECT_EQ(ran({"pin", folder.file("node.crt")}).code, 0);
}

TEST(Program, RunBecomesTheLauncherBesideItWithEveryArgument) {
    const ct::test::TempDir folder;
    const std::string program = folder.file("cloudtaserctl");
    std::filesystem::copy_file(ct::test::built("cloudtaserctl"), program);
    const std::vector<std::string> arguments = {"run", "--workload", "payments", "--json", "--", "sh", "-c", "a b"};
    EXPECT_EQ(ran(arguments, program).code, 127) << "there is no launcher beside it";
    folder.write("cloudtaser-run", "#!/bin/sh\nprintf '<%s>' \"$@\"\nexit 42\n", 0700);
    const auto result = ran(arguments, program);
    EXPECT_EQ(result.code, 42);
    EXPECT_EQ(result.output, "<--workload><payments><--json><--><sh><-c><a b>");
}

}  // namespace
}  // namespace ct::ctl
