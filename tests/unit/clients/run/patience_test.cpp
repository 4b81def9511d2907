// SPDX-License-Identifier: Apache-2.0
#include "clients/run/patience.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <vector>

#include "support/process.h"

namespace ct::run {
namespace {

TEST(Patience, PausesDoubleUpToFiveSecondsAndNeverPassTheEnd) {
    const struct {
        unsigned attempt;
        Millis since;
        Millis expected;
    } rows[] = {{0, Millis(0), Millis(250)},     {1, Millis(300), Millis(500)},    {4, Millis(5000), Millis(4000)},
                {5, Millis(9000), Millis(5000)}, {60, Millis(9000), Millis(5000)}, {5, Millis(59'000), Millis(1000)},
                {60, Millis(59'999), Millis(1)}};
    for (const auto& [attempt, since, expected] : rows)
        EXPECT_EQ(pause_before_next(Reason::gate_unreachable, attempt, since, Seconds(60)), expected) << attempt;
    EXPECT_FALSE(pause_before_next(Reason::gate_unreachable, 3, Millis(60'000), Seconds(60)));
    EXPECT_FALSE(pause_before_next(Reason::gate_unreachable, 0, Millis(0), Seconds(0))) << "not asked to wait";
}

TEST(Patience, OnlyWhatMayPassIsWaitedFor) {
    for (const Reason outage : {Reason::daemon_unavailable, Reason::gate_unreachable, Reason::vault_sealed,
                                Reason::vault_unreachable, Reason::timed_out})
        EXPECT_TRUE(pause_before_next(outage, 0, Millis(0), Seconds(60))) << to_string(outage);
    for (const Reason no : {Reason::evidence_measurement_mismatch, Reason::caller_not_allowed, Reason::vault_denied,
                            Reason::workload_unknown, Reason::config_missing, Reason::internal})
        EXPECT_FALSE(pause_before_next(no, 0, Millis(0), Seconds(60))) << to_string(no);
}

// A clock that only pauses move, and the words that were said.
struct Script {
    std::vector<Result<int>> answers;  // of one attempt each; the last one repeats
    std::size_t attempts = 0;
    BootTime now{};
    std::vector<Reason> told = {};
    bool over = false;

    Result<Fd> run(Seconds wait) {
        return with_patience(
            wait,
            [this]() -> Result<Fd> {
                const auto& answer = answers[std::min(attempts++, answers.size() - 1)];
                if (!answer) return std::unexpected(answer.error());
                return Fd();
            },
            {[this] { return now; }, [this](Millis pause) { now += pause; },
             [this](const Error& why, Millis) { told.push_back(why.reason); }, [this] { over = true; }});
    }
};

TEST(Patience, TriesAgainUntilItSucceeds) {
    Script script{{fail(Reason::daemon_unavailable, ""), fail(Reason::gate_unreachable, ""), 0}};
    EXPECT_TRUE(script.run(Seconds(60)));
    EXPECT_TRUE(script.over);
    EXPECT_EQ(script.attempts, 3U);
    EXPECT_EQ(script.told, (std::vector{Reason::daemon_unavailable, Reason::gate_unreachable}));
}

TEST(Patience, ARefusalEndsIt) {
    Script script{{fail(Reason::gate_unreachable, ""), fail(Reason::evidence_measurement_mismatch, "")}};
    const auto end = script.run(Seconds(60));
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::evidence_measurement_mismatch);
    EXPECT_EQ(script.attempts, 2U);
}

TEST(Patience, GivesUpAtTheEndWithTheLastReason) {
    Script script{{fail(Reason::gate_unreachable, "")}};
    const auto end = script.run(Seconds(10));
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::gate_unreachable);
    EXPECT_EQ(script.now - BootTime{}, Seconds(10)) << "the last attempt is at the very end";
    EXPECT_EQ(script.attempts, script.told.size() + 1);
}

// What an error says may come from a server; systemd takes each line of a message as an order.
TEST(Patience, TellsSystemdTheReasonAndNothingThatOthersWrote) {
    const test::TempDir folder;
    const std::string path = folder.file("notify");
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    waiting_for_real(Seconds(2)).tell(Error{Reason::vault_unreachable, "503\nMAINPID=1\n"}, Millis(500));
    ::unsetenv("NOTIFY_SOCKET");
    char message[512];
    const ssize_t size = ::recv(socket.get(), message, sizeof message, MSG_DONTWAIT);
    ASSERT_GT(size, 0);
    EXPECT_EQ(std::string_view(message, static_cast<std::size_t>(size)),
              "STATUS=Waiting for its secrets: vault_unreachable\nEXTEND_TIMEOUT_USEC=3500000");
}

}  // namespace
}  // namespace ct::run
