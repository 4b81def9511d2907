// SPDX-License-Identifier: Apache-2.0
// Daemon1 and LogControl1 over a socket pair.
#include "daemons/common/face.h"

#include <gtest/gtest.h>

#include <optional>

#include "bus/connection.h"
#include "daemons/common/log.h"

namespace ct::daemon {
namespace {

using namespace std::chrono_literals;

class Face : public testing::Test {
protected:
    Face() {
        auto pair = std::move(*socket_pair());
        server_.emplace(std::move(*bus::Connection::serve_peer(std::move(pair.ours))));
        client_.emplace(std::move(*bus::Connection::open_peer(std::move(pair.theirs))));
        EXPECT_TRUE(server_->attach(loop_));
        EXPECT_TRUE(client_->attach(loop_));
        daemon_ = std::move(*server_->serve("/d", daemon_interface(posture_, [this] {
                                                ++reloads_;
                                                return reload_answer_;
                                            })));
        log_ = std::move(*server_->serve(kLogControlPath, log_control_interface()));
    }

    Result<bus::Message> ask(const bus::Message& call) {
        std::optional<Result<bus::Message>> reply;
        CT_TRY(const auto slot, client_->call_async(call, [&](Result<bus::Message> r) { reply = std::move(r); }));
        while (!reply)
            CT_CHECK(loop_.run_once(10s));
        return std::move(*reply);
    }
    Result<bus::Message> get(const char* path, const char* interface, const char* property) {
        CT_TRY(auto call, client_->new_call({"", path, "org.freedesktop.DBus.Properties"}, "Get"));
        CT_CHECK(call.append_all(interface, property));
        return ask(call);
    }
    std::string text(const char* path, const char* interface, const char* property) {
        auto reply = get(path, interface, property);
        if (!reply) return reply.error().to_string();
        EXPECT_TRUE(reply->enter('v', "s").value());
        return reply->read<std::string>().value();
    }
    Status set(const char* property, const char* value) {
        CT_TRY(auto call, client_->new_call({"", kLogControlPath, "org.freedesktop.DBus.Properties"}, "Set"));
        CT_CHECK(call.append_all("org.freedesktop.LogControl1", property));
        CT_CHECK(call.open('v', "s"));
        CT_CHECK(call.append(value));
        CT_CHECK(call.close());
        CT_TRY(const auto reply, ask(call));
        return {};
    }

    EventLoop loop_ = std::move(*EventLoop::create());
    Posture posture_{"ready", "", {{"calls", 3}}};
    int reloads_ = 0;
    Status reload_answer_;
    std::optional<bus::Connection> server_, client_;
    bus::Slot daemon_, log_;
};

TEST_F(Face, TellsVersionStateReasonAndCounters) {
    EXPECT_EQ(text("/d", kDaemonInterface, "Version"), CT_VERSION);
    EXPECT_EQ(text("/d", kDaemonInterface, "State"), "ready");
    posture_.state = "degraded";
    posture_.reason = "no TPM";
    EXPECT_EQ(text("/d", kDaemonInterface, "State"), "degraded");
    EXPECT_EQ(text("/d", kDaemonInterface, "Reason"), "no TPM");
    auto counters = get("/d", kDaemonInterface, "Counters");
    ASSERT_TRUE(counters);
    ASSERT_TRUE(counters->enter('v', "a{st}").value());
    ASSERT_TRUE(counters->enter('a', "{st}").value());
    ASSERT_TRUE(counters->enter('e', "st").value());
    EXPECT_EQ(counters->read<std::string>().value(), "calls");
    EXPECT_EQ(counters->read<std::uint64_t>().value(), 3U);
}

TEST_F(Face, AReloadAnswersWithWhatBecameOfIt) {
    const auto call = [&] { return client_->new_call({"", "/d", kDaemonInterface}, "Reload"); };
    EXPECT_TRUE(ask(*call()));
    reload_answer_ = fail(Reason::config_invalid, "f.toml:3: x");
    const auto refused = ask(*call());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().to_string(), "config_invalid: f.toml:3: x");
    EXPECT_EQ(reloads_, 2);
}

TEST_F(Face, LogLevelAndTargetAreSetThroughLogControl1) {
    const char* const interface = "org.freedesktop.LogControl1";
    log::open("cloudtaser-test");
    ASSERT_TRUE(set("LogLevel", "debug"));
    EXPECT_EQ(log::level(), log::Level::debug);
    EXPECT_EQ(text(kLogControlPath, interface, "LogLevel"), "debug");
    EXPECT_EQ(set("LogLevel", "loud").error().reason, Reason::invalid_argument);
    EXPECT_EQ(log::level(), log::Level::debug);
    ASSERT_TRUE(set("LogTarget", "null"));
    EXPECT_EQ(text(kLogControlPath, interface, "LogTarget"), "null");
    EXPECT_EQ(set("LogTarget", "printer").error().reason, Reason::invalid_argument);
    EXPECT_EQ(text(kLogControlPath, interface, "SyslogIdentifier"), "cloudtaser-test");
    log::set_level(log::Level::info);
    log::set_target(log::Target::automatic);
}

}  // namespace
}  // namespace ct::daemon
