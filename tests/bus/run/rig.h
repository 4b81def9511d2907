// SPDX-License-Identifier: Apache-2.0
// cloudtaser-run as built, a stand-in for secretd, and programs under it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/scan.h"
#include "support/standin_secretd.h"
#include "support/talking_child.h"

namespace ct::test {

class Guarded : public testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;

    // Starts the program under cloudtaser-run, with DB_PASSWORD and TOKEN.
    TalkingChild guarded(const std::vector<std::string>& command, TalkingChild::Start start = {}) const;
    // Starts the program as it is, without any secret.
    TalkingChild plain(const std::vector<std::string>& command, TalkingChild::Start start = {}) const;
    // Runs a guarded program to its end.
    TalkingChild::End run(const std::vector<std::string>& command, TalkingChild::Start start = {}) const;
    // A shell script's text, run by sh under guard; with the probe as $PROBE.
    TalkingChild::End script(const std::string& text, TalkingChild::Start start = {}) const;

    // The guard of the tree that has just been started, by its name and its parent: a subreaper's child, ours.
    static int guard_pid();
    static void expect_ok(const TalkingChild::End& end, const std::string& output);

    const std::string secret_ = random_secret();
    const std::string token_ = "short-token-" + random_secret();
    std::unique_ptr<StandInSecretd> secretd_;

private:
    static std::string random_secret();
};

std::string probe();
std::string exec32();

}  // namespace ct::test
