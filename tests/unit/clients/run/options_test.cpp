// SPDX-License-Identifier: Apache-2.0
#include "clients/run/options.h"

#include <gtest/gtest.h>

#include "support/process.h"

namespace ct::run {
namespace {

Result<Options> parse(std::initializer_list<const char*> arguments) {
    return parse_options(std::span<const char* const>(arguments.begin(), arguments.size()));
}

TEST(Options, TheProgramsOwnOptionsAreLeftToIt) {
    const auto options = parse({"--workload", "payments", "ls", "--workload", "-la"});
    ASSERT_TRUE(options) << options.error().to_string();
    EXPECT_EQ(options->workload, "payments");
    EXPECT_EQ(options->command, (std::vector<std::string>{"ls", "--workload", "-la"}));
    const auto dashed = parse({"-wpayments", "--", "--odd-name", "x"});
    ASSERT_TRUE(dashed);
    EXPECT_EQ(dashed->command, (std::vector<std::string>{"--odd-name", "x"}));
}

TEST(Options, EveryOptionHasALongAndAShortForm) {
    for (const auto& arguments : std::vector<std::vector<const char*>>{
             {"--workload", "w", "--env", "A=kv/a#b", "--env=B_2=kv/c/d#e", "--timeout", "7", "--wait", "9", "p"},
             {"-w", "w", "-e", "A=kv/a#b", "-eB_2=kv/c/d#e", "-t7", "-W9", "p"},
             {"--workload=w", "--env=A=kv/a#b", "-e", "B_2=kv/c/d#e", "--timeout=7", "--wait=9", "--", "p"}}) {
        const auto options = parse_options(arguments);
        ASSERT_TRUE(options) << options.error().to_string();
        EXPECT_EQ(options->workload, "w");
        EXPECT_EQ(options->environment, (std::map<std::string, std::string>{{"A", "kv/a#b"}, {"B_2", "kv/c/d#e"}}));
        EXPECT_EQ(options->timeout, Seconds(7));
        EXPECT_EQ(options->wait, Seconds(9));
        EXPECT_EQ(options->command, std::vector<std::string>{"p"});
    }
}

TEST(Options, HelpAndVersionNeedNothingElse) {
    EXPECT_EQ(parse({"--help"})->action, Options::Action::help);
    EXPECT_EQ(parse({"-w", "w", "-V"})->action, Options::Action::version);
}

TEST(Options, WhatIsWrongIsSaid) {
    struct Case {
        std::vector<const char*> arguments;
        const char* words;
    };
    for (const auto& [arguments, words] : std::vector<Case>{
             {{}, "--workload is missing"},
             {{"ls"}, "--workload is missing"},
             {{"-w", "w"}, "no program is given"},
             {{"-w", "w", "--"}, "no program is given"},
             {{"-w"}, "--workload needs a value"},
             {{"--workload"}, "--workload needs a value"},
             {{"--wrokload", "w", "ls"}, "unknown option --wrokload"},
             {{"-x", "ls"}, "unknown option -x"},
             {{"--help=x"}, "--help takes no value"},
             {{"-w", "w", "-e", "A", "ls"}, "NAME=mount/path#field"},
             {{"-w", "w", "-e", "A=", "ls"}, "NAME=mount/path#field"},
             {{"-w", "w", "-e", "A=nofield", "ls"}, "NAME=mount/path#field"},
             {{"-w", "w", "-e", "A=kv/x#", "ls"}, "NAME=mount/path#field"},
             {{"-w", "w", "-e", "A=/kv/x#y", "ls"}, "NAME=mount/path#field"},
             {{"-w", "w", "-e", "A=kv#x/y", "ls"}, "NAME=mount/path#field"},
             {{"-w", "w", "-e", "1A=kv/x#y", "ls"}, "no variable name"},
             {{"-w", "w", "-e", "A-B=kv/x#y", "ls"}, "no variable name"},
             {{"-w", "w", "-e", "=kv/x#y", "ls"}, "no variable name"},
             {{"-w", "w", "-t", "0", "ls"}, "1 to 600"},
             {{"-w", "w", "-t", "601", "ls"}, "1 to 600"},
             {{"-w", "w", "-t", "5s", "ls"}, "1 to 600"},
             {{"-w", "w", "-t", "", "ls"}, "1 to 600"},
         }) {
        const auto options = parse_options(arguments);
        ASSERT_FALSE(options) << words;
        EXPECT_EQ(options.error().reason, Reason::invalid_argument);
        EXPECT_NE(options.error().context.find(words), std::string::npos)
            << options.error().context << " lacks: " << words;
    }
    const std::string long_name(300, 'w');
    EXPECT_EQ(parse({"-w", long_name.c_str(), "ls"}).error().reason, Reason::invalid_argument);
}

TEST(Options, AFileMaySayTheSameAndTheCommandLineWins) {
    const test::TempDir folder;
    const auto file =
        folder.write("run.toml", "workload = 'payments'\ntimeout = 40\n[env]\nA = 'kv/a#b'\nB = 'kv/b#c'\n");
    const auto options = parse({"-c", file.c_str(), "-e", "A=kv/other#b", "ls"});
    ASSERT_TRUE(options) << options.error().to_string();
    EXPECT_EQ(options->workload, "payments");
    EXPECT_EQ(options->timeout, Seconds(40));
    EXPECT_EQ(options->environment, (std::map<std::string, std::string>{{"A", "kv/other#b"}, {"B", "kv/b#c"}}));
    EXPECT_EQ(parse({"-c", file.c_str(), "-w", "other", "-t", "3", "ls"})->workload, "other");
    EXPECT_EQ(parse({"-c", file.c_str(), "-w", "other", "-t", "3", "ls"})->timeout, Seconds(3));
}

TEST(Options, AFilesMistakeIsNamedWithItsPlace) {
    const test::TempDir folder;
    for (const auto& [text, words] :
         std::vector<std::pair<std::string, std::string>>{{"workload = 'w'\nwrokload = 'x'\n", "run.toml:2"},
                                                          {"workload = 'w'\ntimeout = 1000\n", "run.toml:2"},
                                                          {"workload = 'w'\n[env]\nA = 'nothing'\n", "run.toml:3"},
                                                          {"workload = 'w'\n[env]\n'A B' = 'kv/a#b'\n", "run.toml:3"},
                                                          {"workload = 1\n", "run.toml:1"},
                                                          {"workload = \n", "run.toml:1"}}) {
        const auto options = parse({"-c", folder.write("run.toml", text).c_str(), "ls"});
        ASSERT_FALSE(options) << text;
        EXPECT_EQ(options.error().reason, Reason::config_invalid) << text;
        EXPECT_NE(options.error().context.find(words), std::string::npos) << options.error().context;
    }
    EXPECT_EQ(parse({"-c", folder.file("absent.toml").c_str(), "ls"}).error().reason, Reason::config_missing);
}

TEST(Options, HelpNamesEveryOption) {
    for (const char* word :
         {"--workload", "--env", "--timeout", "--config", "--help", "--version", "125", "126", "127"})
        EXPECT_NE(std::string_view(kHelp).find(word), std::string_view::npos) << word;
}

}  // namespace
}  // namespace ct::run
