// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/policy_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace ct::judge {
namespace {

namespace fs = std::filesystem;

class PolicyFiles : public testing::Test {
protected:
    PolicyFiles() {
        std::string name = testing::TempDir() + "policy-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~PolicyFiles() override { fs::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
    fs::path folder_;
};

TEST_F(PolicyFiles, AreReadInNameOrderWithoutTheOthers) {
    write("b.toml", "two");
    write("a.toml", "one");
    write(".hidden.toml", "x");
    write("c.toml~", "x");
    write("roots.pem", "three");
    write("roots.txt", "x");
    const auto files = read_policy_files(folder_);
    ASSERT_TRUE(files) << files.error().to_string();
    ASSERT_EQ(files->size(), 3U);
    EXPECT_EQ(files->at(2).name, "roots.pem");
    EXPECT_EQ(files->at(0).name, "a.toml");
    EXPECT_EQ(files->at(0).text, "one");
    EXPECT_EQ(files->at(0).path, folder_ / "a.toml");
    EXPECT_EQ(files->at(1).name, "b.toml");
}

TEST_F(PolicyFiles, OneFileMayBeNamedAndBringsItsAttachments) {
    write("a.toml", "one");
    write("b.toml", "two");
    write("roots.pem", "three");
    const auto files = read_policy_files(folder_ / "a.toml");
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 2U);
    EXPECT_EQ(files->at(0).name, "a.toml");
    EXPECT_EQ(files->at(1).name, "roots.pem");
}

TEST_F(PolicyFiles, AttachmentsAloneAreNoPolicy) {
    write("roots.pem", "three");
    EXPECT_EQ(read_policy_files(folder_).error().reason, Reason::config_missing);
}

TEST_F(PolicyFiles, MissingOnesAreAnError) {
    EXPECT_EQ(read_policy_files(folder_).error().reason, Reason::config_missing);
    EXPECT_EQ(read_policy_files(folder_ / "nowhere").error().reason, Reason::config_missing);
}

TEST_F(PolicyFiles, AreBounded) {
    write("a.toml", std::string(kPolicyFileSize + 1, '#'));
    EXPECT_EQ(read_policy_files(folder_).error().reason, Reason::too_large);
}

}  // namespace
}  // namespace ct::judge
