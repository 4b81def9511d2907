// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/node_bus.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <thread>

#include "base/secret_memory.h"
#include "clients/ctl/commands.h"
#include "support/private_bus.h"
#include "support/process.h"

namespace ct::ctl {
namespace {

const WallTime kNow(Seconds(1'795'528'985));
constexpr std::string_view kValue = "s3cret\nwith a line feed";

// secretd and attestd as their interfaces say, with one workload and one secret.
class Daemons {
public:
    explicit Daemons(bus::Connection& connection, EventLoop& loop) : bus_(connection), loop_(loop) {
        EXPECT_TRUE(bus_.attach(loop_));
        for (const auto& daemon : {kSecretd, kAttestd}) {
            bus::Interface common("io.cloudtaser.Daemon1");
            common.property({"Version", "s"}, [](bus::Message& m) { return m.append("0.1.0"); })
                .property({"State", "s"}, [](bus::Message& m) { return m.append("ready"); })
                .property({"Reason", "s"}, [](bus::Message& m) { return m.append(""); });
            slots_.push_back(std::move(*bus_.serve(daemon.path, common)));
            EXPECT_TRUE(bus_.request_name(daemon.bus));
        }
        slots_.push_back(std::move(*bus_.serve(kSecretd.path, manager())));
        bus::Interface attest("io.cloudtaser.Attest1.Manager");
        attest.property({"Kinds", "as"}, [](bus::Message& m) { return m.append(std::vector<std::string>{"tpm2"}); })
            .property({"Primary", "s"}, [](bus::Message& m) { return m.append("tpm2"); })
            .property({"Fingerprints", "a{ss}"},
                      [](bus::Message& m) { return m.append(bus::StringMap{{"tpm2.ak", "sha256:ab"}}); });
        slots_.push_back(std::move(*bus_.serve(kAttestd.path, attest)));
    }

    Fd until_session_ends;  // closed then

private:
    bus::Interface manager() {
        bus::Interface rows("io.cloudtaser.Secret1.Manager");
        rows.method(
                {.name = "ListSessions", .out = "a(ossutss)", .access = bus::Access::anyone()},
                [](bus::Call call) {
                    auto reply = std::move(*call.new_reply());
                    EXPECT_TRUE(reply.open('a', "(ossutss)"));
                    for (const std::uint32_t uid : {1001U, 1002U}) {
                        EXPECT_TRUE(reply.open('r', "ossutss"));
                        EXPECT_TRUE(reply.append_all(bus::ObjectPath{"/io/cloudtaser/Secret1/session/1"}, "payments",
                                                     "live", uid, std::uint64_t{1'795'528'900}, "tpm2", "AB"));
                        EXPECT_TRUE(reply.close());
                    }
                    EXPECT_TRUE(reply.close());
                    call.send(reply);
                })
            .method({.name = "RevokeWorkload", .in = "s", .out = "u", .access = bus::Access::anyone()},
                    [](bus::Call call) {
                        if (call.read<std::string>() == "payments") return call.reply(std::uint32_t{2});
                        call.fail({Reason::workload_unknown, "no such workload", 0});
                    })
            .method({.name = "OpenSession", .in = "sha{sv}", .out = "oh", .access = bus::Access::anyone()},
                    [this](bus::Call call) { open_session(std::move(call)); })
            .property({"Protection", "s"}, [](bus::Message& m) { return m.append("memfd_secret"); })
            .property({"RequireAttestation", "b"}, [](bus::Message& m) { return m.append(true); });
        return rows;
    }

    void open_session(bus::Call call) {
        const auto workload = call.read<std::string>();
        const auto pidfd = call.read<Fd>();
        if (workload != "payments") return call.fail({Reason::workload_unknown, "no such workload", 0});
        if (!pidfd || pidfd_pid(pidfd->get()) != ::getpid()) return call.fail({Reason::caller_mismatch, "", 0});
        auto pair = std::move(*socket_pair());
        line_.emplace(std::move(*bus::Connection::serve_peer(std::move(pair.ours))));
        EXPECT_TRUE(line_->attach(loop_));
        EXPECT_TRUE(line_->on_closed([this] { until_session_ends.reset(); }));
        bus::Interface session("io.cloudtaser.Secret1.Session");
        session.method(
            {.name = "Fetch", .in = "sa{sv}", .out = "httt", .access = bus::Access::anyone(), .sensitive = true},
            [](bus::Call fetch) {
                if (fetch.read<std::string>() != "DB_PASSWORD")
                    return fetch.fail({Reason::name_not_mapped, "no such name", 0});
                const auto page = create_secret_page(kValue.size(), best_protection());
                std::memcpy(page->mapping.bytes().data(), kValue.data(), kValue.size());
                fetch.reply(page->fd, std::uint64_t{kValue.size()}, std::uint64_t{3}, std::uint64_t{0});
            });
        session_.emplace(std::move(*line_->serve("/io/cloudtaser/Secret1/session", session)));
        call.reply(bus::ObjectPath{"/io/cloudtaser/Secret1/session/1"}, pair.theirs);
    }

    bus::Connection& bus_;
    EventLoop& loop_;
    std::vector<bus::Slot> slots_;
    std::optional<bus::Connection> line_;
    std::optional<bus::Slot> session_;
};

// The daemons run in a thread of their own, for the verbs under test block.
class NodeBusTest : public testing::Test {
protected:
    NodeBusTest() {
        auto bus = ct::test::PrivateBus::start({.services = {{"io.cloudtaser.Bridge1", {"/bin/false"}}}});
        EXPECT_TRUE(bus) << bus.error().to_string();
        bus_.emplace(std::move(*bus));
        bus_->adopt();
    }
    ~NodeBusTest() override { stop(); }

    void start() {
        auto pair = std::move(*socket_pair());
        auto started = std::move(*socket_pair());
        auto session = std::move(*socket_pair());
        session_ = std::move(session.ours);
        stop_ = std::move(pair.ours);
        thread_ = std::thread([this, end = std::move(pair.theirs), ready = std::move(started.theirs),
                               session = std::move(session.theirs)]() mutable {
            auto loop = std::move(*EventLoop::create());
            auto connection = std::move(*bus::Connection::open_system("daemons"));
            Daemons daemons(connection, loop);
            daemons.until_session_ends = std::move(session);
            ready.reset();
            const auto source = loop.add_io(end.get(), EPOLLIN | EPOLLHUP, [&](std::uint32_t) { loop.exit(0); });
            EXPECT_TRUE(loop.run());
        });
        EXPECT_EQ(read_fd(started.ours.get(), 1).value(), "");  // ends when the daemons are there
    }
    void stop() {
        stop_.reset();
        if (thread_.joinable()) thread_.join();
    }

    std::optional<ct::test::PrivateBus> bus_;
    Fd stop_;
    std::thread thread_;
    Fd session_;
};

std::string said(const Result<int>& result, Output& out) {
    return result ? out.take().value() : result.error().to_string();
}

TEST_F(NodeBusTest, StatusTellsWhatEachDaemonSays) {
    start();
    Output out(Output::Mode::plain);
    const std::string text = said(status({.certificate = "/nonexistent"}, kNow, out), out);
    EXPECT_NE(text.find("Secret memory   memfd_secret\n"), std::string::npos) << text;
    EXPECT_NE(text.find("Attestation     tpm2\n  tpm2.ak       sha256:ab\n"), std::string::npos) << text;
    EXPECT_NE(text.find("Enforcement     not installed\n"), std::string::npos) << text;
    EXPECT_NE(text.find("cloudtaser-secretd  ready        0.1.0"), std::string::npos) << text;
    EXPECT_NE(text.find("cloudtaser-bridge   not running"), std::string::npos) << text;
    EXPECT_EQ(text.find("cloudtaser-gate"), std::string::npos) << text;
    EXPECT_NE(text.find("payments  live   1002  1min 25s"), std::string::npos) << text;
}

TEST_F(NodeBusTest, StatusWithoutAnyDaemonSaysSo) {
    Output out(Output::Mode::plain);
    const std::string text = said(status({.all = true, .certificate = "/nonexistent"}, kNow, out), out);
    EXPECT_NE(text.find("unknown: cloudtaser-attestd does not run"), std::string::npos) << text;
    EXPECT_NE(text.find("cloudtaser-secretd   not installed"), std::string::npos) << text;
}

TEST_F(NodeBusTest, ADaemonThatDoesNotStartIsARowNotAFailure) {
    start();
    Output out(Output::Mode::plain);
    const std::string text = said(status({.start = true, .certificate = "/nonexistent"}, kNow, out), out);
    EXPECT_NE(text.find("cloudtaser-bridge   no answer"), std::string::npos) << text;
    EXPECT_NE(text.find("cloudtaser-secretd  ready"), std::string::npos) << text;
}

TEST_F(NodeBusTest, SessionsAreListed) {
    start();
    Output out(Output::Mode::plain);
    const std::string text = said(sessions({}, kNow, out), out);
    EXPECT_EQ(text,
              "SESSION  WORKLOAD  STATE  UID   AGE       EVIDENCE  TIER\n"
              "1        payments  live   1001  1min 25s  tpm2      AB\n"
              "1        payments  live   1002  1min 25s  tpm2      AB\n");
}

TEST_F(NodeBusTest, SessionsWithoutSecretdAreAnError) {
    Output out(Output::Mode::plain);
    EXPECT_EQ(said(sessions({}, kNow, out), out),
              "daemon_unavailable: cloudtaser-secretd is not installed on this host");
}

TEST_F(NodeBusTest, RevokeSaysHowManyAndAnUnknownWorkloadIsNamed) {
    start();
    Output out(Output::Mode::plain);
    EXPECT_TRUE(said(revoke({.workload = "payments"}, out), out).starts_with("2 sessions of payments closed"));
    Output refused(Output::Mode::plain);
    EXPECT_TRUE(said(revoke({.workload = "none"}, refused), refused).starts_with("workload_unknown"));
}

TEST_F(NodeBusTest, FetchWritesTheSecretAndEndsItsSession) {
    start();
    const ct::test::TempDir folder;
    const std::string path = folder.write("target", "");
    const Fd target(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    Output out(Output::Mode::plain);
    const std::string text =
        said(fetch({.workload = "payments", .name = "DB_PASSWORD", .to_fd = target.get()}, out), out);
    EXPECT_EQ(text, "") << "the value goes to the descriptor, and nothing else is said";
    EXPECT_EQ(read_file(path, 1000).value(), kValue);
    EXPECT_EQ(read_fd(session_.get(), 1).value(), "") << "returns when the daemon sees the line closed";
}

TEST_F(NodeBusTest, ARefusedFetchWritesNothing) {
    start();
    const ct::test::TempDir folder;
    const std::string path = folder.write("target", "");
    const Fd target(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    const auto refusal = [&](const std::string& workload, const std::string& name) {
        Output out(Output::Mode::plain);
        return said(fetch({.workload = workload, .name = name, .to_fd = target.get()}, out), out);
    };
    EXPECT_TRUE(refusal("none", "DB_PASSWORD").starts_with("workload_unknown"));
    EXPECT_TRUE(refusal("payments", "NONE").starts_with("name_not_mapped"));
    EXPECT_EQ(read_file(path, 1000).value(), "");
}

}  // namespace
}  // namespace ct::ctl
