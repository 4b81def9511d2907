// SPDX-License-Identifier: Apache-2.0
#include "bus/run/rig.h"

#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>

#include <csignal>

#include "base/bytes.h"

namespace ct::test {

std::string probe() { return CT_BINARY_DIR "/tests/support/run_probe"; }
std::string exec32() { return CT_BINARY_DIR "/tests/support/run_exec32"; }

// Made at run time: no file and no image holds it.
std::string Guarded::random_secret() {
    ByteArray<20> bytes;
    EXPECT_EQ(::getrandom(bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    std::string text;
    for (const auto byte : bytes)
        text.append(1, static_cast<char>('a' + byte / 16)).append(1, static_cast<char>('k' + byte % 16));
    return text;
}

void Guarded::SetUp() {
    // Detached guards come to us, so that a test can find its own and wait for its end.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    auto secretd = StandInSecretd::start({{"DB_PASSWORD", {secret_}}, {"TOKEN", {token_}}});
    ASSERT_TRUE(secretd) << secretd.error().to_string();
    secretd_ = std::move(*secretd);
}

void Guarded::TearDown() {
    if (!secretd_) return;
    EXPECT_TRUE(secretd_->all_lines_closed_within(Millis(30'000))) << "a guard outlived its tree";
    while (const int guard = guard_pid())
        ::waitpid(guard, nullptr, 0);
}

TalkingChild Guarded::plain(const std::vector<std::string>& command, TalkingChild::Start start) const {
    start.command = command;
    start.environment.insert({"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"});
    start.environment.insert({"PROBE", probe()});
    start.environment.merge(secretd_->environment());
    auto child = TalkingChild::start(start);
    EXPECT_TRUE(child) << child.error().to_string();
    return std::move(*child);
}

TalkingChild Guarded::guarded(const std::vector<std::string>& command, TalkingChild::Start start) const {
    std::vector<std::string> whole{built("cloudtaser-run"), "--workload", "payments", "--"};
    whole.insert(whole.end(), command.begin(), command.end());
    return plain(whole, std::move(start));
}

TalkingChild::End Guarded::run(const std::vector<std::string>& command, TalkingChild::Start start) const {
    return guarded(command, std::move(start)).end();
}

TalkingChild::End Guarded::script(const std::string& text, TalkingChild::Start start) const {
    return run({"/bin/sh", "-c", text}, std::move(start));
}

int Guarded::guard_pid() {
    for (const int child : children_of(::getpid()))
        if (read_file("/proc/" + std::to_string(child) + "/comm", 64).value_or("").starts_with("cloudtaser-guar"))
            return child;
    return 0;
}

void Guarded::expect_ok(const TalkingChild::End& end, const std::string& output) {
    EXPECT_EQ(end.code, 0) << end.rest;
    EXPECT_EQ(end.signal, 0);
    EXPECT_EQ(end.rest, output);
}

}  // namespace ct::test
