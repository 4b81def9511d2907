// SPDX-License-Identifier: Apache-2.0
// Sessions outlive secretd: killed or stopped, its next incarnation serves the same lines, with secrets that it reads anew
// after it has attested anew.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "base/limits.h"
#include "support/session_client.h"
#include "support/world.h"

namespace ct::test {
namespace {

constexpr const char* kSecretd = "io.cloudtaser.Secret1";
constexpr const char* kBridge = "io.cloudtaser.Bridge1";

class Restart : public ::testing::Test {
protected:
    void SetUp() override {
        CT_NEEDS_WORLD();
        World::Options options;
        options.restarts = true;
        auto world = World::start(options);
        ASSERT_TRUE(world) << world.error().to_string();
        world_ = std::move(*world);
        world_->bao().put_kv("payments", R"({"password":"correct horse","other":"battery staple"})");
        world_->map("DB_PASSWORD", "kv/payments#password");
        ASSERT_TRUE(world_->reload_node());
    }

    // Ends secretd and waits for the next one.
    void restart(int signal = SIGKILL) {
        ASSERT_TRUE(world_->bus().kill(kSecretd, signal));
        ASSERT_TRUE(world_->bus().wait_for(kSecretd)) << world_->bus().log();
    }

    // What one arming brings, or why it brings nothing.
    static std::string password(SessionClient& session) {
        auto values = session.arm();
        return values ? (*values)["DB_PASSWORD"] : values.error().to_string();
    }

    std::unique_ptr<World> world_;
};

TEST_F(Restart, ALiveSessionIsServedOnByTheNextSecretd) {
    auto session = SessionClient::open("payments", {{"OTHER", "kv/payments#other"}});
    ASSERT_TRUE(session) << session.error().to_string() << "\n" << world_->bus().log();
    ASSERT_EQ(password(*session), "correct horse");
    for (const int signal : {SIGKILL, SIGTERM}) {
        restart(signal);
        EXPECT_EQ(world_->session_states(), std::vector<std::string>{"dormant"});
        EXPECT_EQ(world_->counter("Secret1", "sessions_restored"), 1U);
        EXPECT_EQ(world_->counter("Secret1", "grants_won"), 0U) << "nothing is fetched before it is asked for";

        const auto again = session->arm();
        ASSERT_TRUE(again) << again.error().to_string() << "\n" << world_->bus().log();
        EXPECT_EQ(again->at("DB_PASSWORD"), "correct horse");
        EXPECT_EQ(again->at("OTHER"), "battery staple") << "what the launcher asked for is still known";
        EXPECT_EQ(world_->counter("Secret1", "grants_won"), 1U) << "attested anew";
        EXPECT_EQ(world_->session_states(), std::vector<std::string>{"live"});
    }
    EXPECT_NE(world_->node_audit().find("sessions_restored"), std::string::npos);
}

TEST_F(Restart, AnExecInTheTreeOfARunningProgramIsArmedByTheNextSecretd) {
    TempDir folder;
    const std::string pipe = folder.file("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const Fd go(::open(pipe.c_str(), O_RDWR | O_CLOEXEC));
    Launch launch =
        world_->run({"/bin/sh", "-c", "echo up; read line; exec /bin/sh -c 'echo \"value: $DB_PASSWORD\"'"});
    launch.input = pipe;
    launch.output = folder.write("output", "");
    auto program = Child::start(launch);
    ASSERT_TRUE(program);
    ASSERT_TRUE(wait_for_text(launch.output, "up", *program, Millis{20'000}));
    restart();
    ASSERT_TRUE(write_all(go.get(), "go\n", 3));
    EXPECT_EQ(program->wait(Millis{20'000}).value_or(-1), 0);
    EXPECT_NE(read_file(launch.output, 4096).value_or("").find("value: correct horse"), std::string::npos)
        << read_file(launch.output, 4096).value_or("");
}

TEST_F(Restart, HappensAgainAndAgain) {
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session) << session.error().to_string();
    for (int round = 0; round < 4; ++round) {
        restart();
        if (round % 2 == 0) continue;  // one that nobody asked in between is kept as well
        ASSERT_EQ(password(*session), "correct horse") << round;
    }
}

TEST_F(Restart, ALineThatHasNeverSpokenShakesHandsWithTheNextSecretd) {
    auto session = SessionClient::open_unspoken("payments");
    ASSERT_TRUE(session) << session.error().to_string();
    restart();
    auto line = SessionClient::speak(std::move(*session));
    ASSERT_TRUE(line);
    EXPECT_EQ(password(*line), "correct horse");
}

TEST_F(Restart, TheNextSessionHasAnIdOfItsOwn) {
    auto first = SessionClient::open("payments");
    ASSERT_TRUE(first);
    restart();
    auto second = SessionClient::open("payments");
    ASSERT_TRUE(second) << second.error().to_string();
    EXPECT_NE(first->path(), second->path());
    EXPECT_EQ(world_->session_states().size(), 2U);
}

TEST_F(Restart, ASessionWhoseHolderWentMeanwhileIsNotTakenOver) {
    {
        auto session = SessionClient::open("payments");
        ASSERT_TRUE(session);
        ASSERT_TRUE(world_->bus().kill(kSecretd, SIGKILL));
    }
    ASSERT_TRUE(world_->bus().wait_for(kSecretd));
    EXPECT_EQ(world_->session_states(), std::vector<std::string>{});
}

TEST_F(Restart, ADormantSessionEndsWithItsLine) {
    {
        auto session = SessionClient::open("payments");
        ASSERT_TRUE(session);
        restart();
        EXPECT_EQ(world_->session_states(), std::vector<std::string>{"dormant"});
    }
    EXPECT_EQ(world_->session_states(), std::vector<std::string>{});
}

TEST_F(Restart, ARevokedWorkloadTakesItsDormantSessionsWithIt) {
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session);
    restart();
    ASSERT_TRUE(world_->drop_grants());
    EXPECT_TRUE(session->closed_within(Millis{5000}));
}

TEST_F(Restart, AWorkloadThatIsGoneFromTheConfigurationIsNotTakenOver) {
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session);
    std::ofstream(world_->folder() + "/workloads.d/payments.toml") << "[workload.invoices]\nusers = [\"0\"]\n";
    restart();
    EXPECT_EQ(world_->session_states(), std::vector<std::string>{});
    EXPECT_TRUE(session->closed_within(Millis{5000}));
}

// What a restart must never be: a way around the gate.
TEST_F(Restart, NothingIsGivenWhenTheHostNoLongerPassesAndTheSessionMayAskAgain) {
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session);
    World::Options wrong;
    wrong.pcrs = {{4, std::string(64, '0')}};
    world_->write_policy(wrong);
    ASSERT_TRUE(world_->reload_gate());
    restart();
    const auto refused = session->arm();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::evidence_measurement_mismatch) << refused.error().to_string();
    EXPECT_EQ(world_->session_states(), std::vector<std::string>{"dormant"});

    world_->write_policy({});
    ASSERT_TRUE(world_->reload_gate());
    EXPECT_EQ(password(*session), "correct horse");
}

// Each call that waits holds a message of the caller's.
TEST_F(Restart, OnlySoManyCallsOfAUserWaitForItsSessionsToWake) {
    auto session = SessionClient::open_unspoken("payments");
    ASSERT_TRUE(session) << session.error().to_string();
    restart();
    const int bridge = world_->bus().pid_of(kBridge);
    ASSERT_EQ(::kill(bridge, SIGSTOP), 0);  // so that nothing wakes

    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    auto line = bus::Connection::open_peer(std::move(session->line));
    ASSERT_TRUE(line && line->attach(*loop));
    std::map<std::string, std::size_t> answers;
    std::size_t answered = 0;
    std::vector<bus::Slot> slots;
    for (std::size_t i = 0; i <= limits::kWaitingPerCaller; ++i) {
        const auto call =
            line->new_call({"", "/io/cloudtaser/Secret1/session", "io.cloudtaser.Secret1.Session"}, "ListNames");
        ASSERT_TRUE(call);
        auto sent = line->call_async(*call, [&](const Result<bus::Message>& reply) {
            ++answered;
            ++answers[reply ? "served" : std::string(to_string(reply.error().reason))];
        });
        ASSERT_TRUE(sent) << sent.error().to_string();
        slots.push_back(std::move(*sent));
    }
    const auto turn_until = [&](std::size_t count) {
        while (answered < count)
            ASSERT_TRUE(loop->run_once(Millis{20'000}).value_or(false));
    };
    ASSERT_NO_FATAL_FAILURE(turn_until(1));
    EXPECT_EQ(answers, (std::map<std::string, std::size_t>{{"quota_exceeded", 1}})) << "the one too many, at once";
    ASSERT_EQ(::kill(bridge, SIGCONT), 0);
    ASSERT_NO_FATAL_FAILURE(turn_until(limits::kWaitingPerCaller + 1));
    EXPECT_EQ(answers["served"], limits::kWaitingPerCaller);
}

}  // namespace
}  // namespace ct::test
