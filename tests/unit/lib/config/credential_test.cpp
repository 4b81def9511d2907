// SPDX-License-Identifier: Apache-2.0
#include "config/credential.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ct::config {
namespace {

class Credential : public testing::Test {
protected:
    Credential() { std::filesystem::create_directory(folder_); }
    ~Credential() override {
        ::unsetenv("CREDENTIALS_DIRECTORY");
        std::filesystem::remove_all(folder_);
    }
    void put(const std::string& name, const std::string& content) const {
        std::ofstream(folder_ / name) << content;
        ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
    }
    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("ct-credential-" + std::to_string(::getpid()));
};

TEST_F(Credential, OfTheUnitWinsOverThePathInTheFile) {
    put("node.key", "key");
    EXPECT_EQ(credential_or("node.key", "/etc/k"), folder_ / "node.key");
}

TEST_F(Credential, ThatIsNotThereOrSaysSoIsNone) {
    EXPECT_EQ(credential_or("node.key", "/etc/k"), "/etc/k") << "not started by a unit";
    put("node.key", "absent");
    EXPECT_EQ(credential_or("node.key", "/etc/k"), "/etc/k");
    EXPECT_EQ(credential_or("another", "/etc/k"), "/etc/k");
    for (const char* content : {"", "absenT", "absent\n", "6bytes"}) {
        put("node.key", content);
        EXPECT_EQ(credential_or("node.key", "/etc/k"), folder_ / "node.key") << content;
    }
}

}  // namespace
}  // namespace ct::config
