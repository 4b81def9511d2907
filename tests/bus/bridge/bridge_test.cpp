// SPDX-License-Identifier: Apache-2.0
// The real cloudtaser-bridge, activated by the first call.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "bus/connection.h"
#include "support/private_bus.h"

namespace ct {
namespace {

using namespace std::chrono_literals;

const char* const kName = "io.cloudtaser.Bridge1";
const bus::Destination kManager{kName, "/io/cloudtaser/Bridge1", "io.cloudtaser.Bridge1.Manager"};
const bus::Destination kDaemon{kName, "/io/cloudtaser/Bridge1", "io.cloudtaser.Daemon1"};
const bus::Destination kProperties{kName, "/io/cloudtaser/Bridge1", "org.freedesktop.DBus.Properties"};
constexpr unsigned kStranger = 65534;

// Listens on 127.0.0.1; takes nobody in until asked.
struct Listener {
    explicit Listener(int backlog = 16) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the socket API
        EXPECT_EQ(::bind(fd.get(), generic, size), 0);
        EXPECT_EQ(::listen(fd.get(), backlog), 0);
        EXPECT_EQ(::getsockname(fd.get(), generic, &size), 0);
        port = ntohs(address.sin_port);
    }
    [[nodiscard]] std::string address(const std::string& host = "127.0.0.1") const {
        return host + ":" + std::to_string(port);
    }
    Fd fd;
    std::uint16_t port = 0;
};

int option(const Fd& socket, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(socket.get(), level, name, &value, &size), 0);
    return value;
}

class BridgeDaemon : public testing::Test {
protected:
    // Upstreams as {name, address}.
    void start(const std::vector<std::pair<std::string, std::string>>& upstreams, const std::string& more = {}) {
        configure(upstreams, more);
        auto private_bus =
            test::PrivateBus::start({.services = {{kName, {test::built("cloudtaser-bridge"), "--config", config_}}}});
        ASSERT_TRUE(private_bus) << private_bus.error().to_string();
        bus_.emplace(std::move(*private_bus));
        bus_->adopt();
        client_.emplace(std::move(*bus::Connection::open_system("test")));
    }
    void configure(const std::vector<std::pair<std::string, std::string>>& upstreams, const std::string& more = {}) {
        std::string text = "[audit]\nfile = \"" + audit_ + "\"\n";
        for (const auto& [name, address] : upstreams)
            text += "[upstream." + name + "]\naddress = \"" + address + "\"\nconnect_timeout = \"1s\"\n";
        folder_.write("bridge.toml", text + more);
    }
    Result<bus::Message> open_call(const std::string& upstream) {
        CT_TRY(auto call, client_->new_call(kManager, "OpenStream"));
        CT_CHECK(call.append(upstream));
        CT_CHECK(bus::append_options(call, {}));
        return call;
    }
    Result<Fd> open(const std::string& upstream) {
        CT_TRY(auto call, open_call(upstream));
        CT_TRY(auto reply, client_->call(call, 20s));
        return reply.read<Fd>();
    }
    Status reload() {
        CT_TRY(auto call, client_->new_call(kDaemon, "Reload"));
        CT_TRY(auto reply, client_->call(call, 20s));
        return {};
    }
    Result<bus::Message> property(const char* interface, const char* name) {
        CT_TRY(auto call, client_->new_call(kProperties, "Get"));
        CT_CHECK(call.append_all(interface, name));
        return client_->call(call, 20s);
    }
    std::string audit() { return read_file(audit_, 1 << 20).value_or(""); }

    test::TempDir folder_;
    std::string config_ = folder_.file("bridge.toml");
    std::string audit_ = folder_.file("audit.jsonl");
    std::optional<test::PrivateBus> bus_;
    std::optional<bus::Connection> client_;
};

TEST_F(BridgeDaemon, HandsOverAConnectedStreamThatItWatches) {
    const Listener listener;
    start({{"gate", listener.address()}});
    EXPECT_EQ(bus_->pid_of(kName), 0) << "not before somebody asks";
    const auto stream = open("gate");
    ASSERT_TRUE(stream) << stream.error().to_string() << bus_->log();
    const Fd accepted(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(accepted);
    ASSERT_TRUE(write_all(stream->get(), "ping", 4));
    char text[4];
    ASSERT_EQ(::recv(accepted.get(), text, 4, MSG_WAITALL), 4);
    EXPECT_EQ(std::string_view(text, 4), "ping");

    EXPECT_TRUE(::fcntl(stream->get(), F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(option(*stream, SOL_SOCKET, SO_KEEPALIVE));
    EXPECT_TRUE(option(*stream, IPPROTO_TCP, TCP_NODELAY));
    EXPECT_EQ(option(*stream, IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
    EXPECT_EQ(option(*stream, IPPROTO_TCP, TCP_KEEPIDLE), 15);
}

TEST_F(BridgeDaemon, KeepsNoCopyOfTheStream) {
    const Listener listener;
    start({{"gate", listener.address()}});
    {
        const auto stream = open("gate");
        ASSERT_TRUE(stream) << stream.error().to_string();
    }
    const Fd accepted(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    pollfd entry{accepted.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
    char byte = 0;
    EXPECT_EQ(::recv(accepted.get(), &byte, 1, 0), 0) << "our close is the end of the connection";
}

TEST_F(BridgeDaemon, LooksUpNames) {
    const Listener listener;
    start({{"gate", listener.address("localhost")}});
    const auto stream = open("gate");
    ASSERT_TRUE(stream) << stream.error().to_string();
}

TEST_F(BridgeDaemon, DialsOnlyWhatIsConfigured) {
    const Listener listener;
    start({{"gate", listener.address()}});
    const auto stream = open(listener.address());
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().reason, Reason::upstream_unknown);
    auto call = client_->new_call(kManager, "OpenStream");
    ASSERT_TRUE(call->append("gate"));
    std::map<std::string, bus::OptionValue> options;
    options.emplace("address", listener.address());
    ASSERT_TRUE(bus::append_options(*call, options));
    EXPECT_EQ(client_->call(*call).error().to_string(), "invalid_argument: unknown option: address");
}

TEST_F(BridgeDaemon, SaysWhatIsUnreachableAndWhy) {
    std::uint16_t closed = test::free_port();
    start({{"refused", "127.0.0.1:" + std::to_string(closed)}, {"nowhere", "no-such-host.invalid:1"}});
    const auto refused = open("refused");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::upstream_unreachable);
    EXPECT_TRUE(refused.error().context.find("Connection refused") != std::string::npos) << refused.error().context;
    const auto nowhere = open("nowhere");
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().reason, Reason::upstream_unreachable);
    EXPECT_NE(audit().find("\"reason\":\"upstream_unreachable\""), std::string::npos) << audit();
}

TEST_F(BridgeDaemon, ASilentUpstreamEndsInTimeAndHoldsNobodyUp) {
    // The queue of a listener that takes nobody in is full: the next SYN stays without an answer.
    const Listener silent(0);
    const Listener lively;
    std::vector<Fd> fill;
    for (int i = 0; i < 4; ++i) {
        fill.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(silent.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        (void)::connect(fill.back().get(), reinterpret_cast<sockaddr*>(&address),
                        sizeof address);  // NOLINT: socket API
    }
    start({{"silent", silent.address()}, {"gate", lively.address()}});
    ASSERT_TRUE(open("gate"));
    auto loop = std::move(*EventLoop::create());
    ASSERT_TRUE(client_->attach(loop));
    std::string order;
    Error error;
    const auto begin = loop.now();
    const auto slow = client_->call_async(*open_call("silent"), [&](Result<bus::Message> reply) {
        order += 's';
        if (!reply) error = reply.error();
    });
    const auto fast = client_->call_async(*open_call("gate"), [&](Result<bus::Message>) { order += 'g'; });
    while (order.size() < 2)
        ASSERT_TRUE(loop.run_once(20s).value());
    EXPECT_EQ(order, "gs");
    EXPECT_EQ(error.reason, Reason::upstream_unreachable);
    EXPECT_GE(loop.now() - begin, 900ms);
    EXPECT_LE(loop.now() - begin, 5s);
}

TEST_F(BridgeDaemon, IsForSecretdAndRootOnly) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    const Listener listener;
    start({{"gate", listener.address()}});
    const int code = test::as_user(kStranger, [&] {
        auto client = bus::Connection::open_system("stranger");
        if (!client) return 2;
        auto call = client->new_call(kManager, "OpenStream");
        if (!call || !call->append("gate") || !bus::append_options(*call, {})) return 3;
        const auto reply = client->call(*call);
        if (reply) return 4;
        return reply.error().reason == Reason::caller_not_allowed ? 0 : 5;
    });
    EXPECT_EQ(code, 0);
    const std::string text = audit();
    EXPECT_NE(text.find("\"event\":\"access_refused\",\"outcome\":\"failure\",\"reason\":\"caller_not_allowed\""),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("\"uid\":\"65534\""), std::string::npos) << text;
    EXPECT_NE(text.find("\"member\":\"OpenStream\""), std::string::npos) << text;
}

TEST_F(BridgeDaemon, TakesOverAValidConfigurationAndKeepsTheOldOneOtherwise) {
    const Listener first, second;
    start({{"gate", first.address()}});
    ASSERT_TRUE(open("gate"));
    configure({{"gate", second.address()}, {"openbao", second.address()}});
    ASSERT_TRUE(reload());
    ASSERT_TRUE(open("openbao"));
    const Fd accepted(::accept4(second.fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    EXPECT_TRUE(accepted);

    configure({{"gate", "not an address"}});
    const auto refused = reload();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::config_invalid);
    EXPECT_NE(refused.error().context.find("bridge.toml:4: upstream.gate.address"), std::string::npos)
        << refused.error().context;
    EXPECT_TRUE(open("openbao"));

    ASSERT_EQ(::unlink(config_.c_str()), 0);
    EXPECT_EQ(reload().error().reason, Reason::config_missing);
    EXPECT_TRUE(open("openbao"));
}

TEST_F(BridgeDaemon, SaysHowItIs) {
    const Listener listener;
    start({{"gate", listener.address()}, {"openbao", "127.0.0.1:1"}});
    ASSERT_TRUE(open("gate"));
    ASSERT_FALSE(open("openbao"));
    auto state = property("io.cloudtaser.Daemon1", "State");
    ASSERT_TRUE(state && state->enter('v', "s").value());
    EXPECT_EQ(state->read<std::string>().value(), "ready");

    auto upstreams = property("io.cloudtaser.Bridge1.Manager", "Upstreams");
    ASSERT_TRUE(upstreams && upstreams->enter('v', "a(ssb)").value() && upstreams->enter('a', "(ssb)").value());
    std::string text;
    while (upstreams->enter('r', "ssb").value()) {
        text += upstreams->read<std::string>().value() + " ";
        text += upstreams->read<std::string>().value() + " ";
        text += upstreams->read<bool>().value() ? "yes;" : "no;";
        ASSERT_TRUE(upstreams->exit());
    }
    EXPECT_EQ(text, "gate " + listener.address() + " yes;openbao 127.0.0.1:1 no;");

    auto counters = property("io.cloudtaser.Daemon1", "Counters");
    ASSERT_TRUE(counters && counters->enter('v', "a{st}").value() && counters->enter('a', "{st}").value());
    std::map<std::string, std::uint64_t> got;
    while (counters->enter('e', "st").value()) {
        auto name = counters->read<std::string>().value();
        got[name] = counters->read<std::uint64_t>().value();
        ASSERT_TRUE(counters->exit());
    }
    EXPECT_EQ(got, (std::map<std::string, std::uint64_t>{
                       {"calls_refused", 0}, {"streams_failed", 1}, {"streams_opened", 1}}));
}

TEST_F(BridgeDaemon, WithoutAnAuditRecordThereIsNoStream) {
    const Listener listener;
    start({{"gate", listener.address()}});
    folder_.write("bridge.toml",
                  "[audit]\nfile = \"/dev/full\"\n[upstream.gate]\naddress = \"" + listener.address() + "\"\n");
    EXPECT_EQ(open("gate").error().reason, Reason::audit_unavailable);
    auto state = property("io.cloudtaser.Daemon1", "State");
    ASSERT_TRUE(state && state->enter('v', "s").value());
    EXPECT_EQ(state->read<std::string>().value(), "degraded");
}

TEST_F(BridgeDaemon, StopsWhenToldAndIsActivatedAgain) {
    const Listener listener;
    start({{"gate", listener.address()}});
    ASSERT_TRUE(open("gate"));
    const int first = bus_->pid_of(kName);
    ASSERT_TRUE(bus_->kill(kName, SIGTERM));
    EXPECT_NE(audit().find("\"event\":\"daemon_stopping\",\"outcome\":\"success\""), std::string::npos) << audit();
    ASSERT_TRUE(open("gate"));
    EXPECT_NE(bus_->pid_of(kName), first);
    ASSERT_TRUE(bus_->kill(kName, SIGKILL));
    ASSERT_TRUE(open("gate"));
}

TEST_F(BridgeDaemon, EndsWithTheBus) {
    const Listener listener;
    start({{"gate", listener.address()}});
    ASSERT_TRUE(open("gate"));
    const Fd pidfd = std::move(*pidfd_open(bus_->pid_of(kName)));
    client_.reset();
    bus_.reset();
    pollfd entry{pidfd.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&entry, 1, 10'000), 1);
}

TEST_F(BridgeDaemon, ChecksAConfigurationWithoutABus) {
    configure({{"gate", "127.0.0.1:1"}});
    const auto ask = [&](std::vector<std::string> more) {
        more.insert(more.begin(), test::built("cloudtaser-bridge"));
        test::Launch launch{.argv = std::move(more)};
        return test::run(launch);
    };
    EXPECT_EQ(ask({"--check-config", "--config", config_}).output, config_ + ": valid\n");
    configure({{"gate", "127.0.0.1"}});
    const auto bad = ask({"--check-config", "--config", config_});
    EXPECT_EQ(bad.code, 1);
    EXPECT_TRUE(bad.output.starts_with("config_invalid: " + config_ + ":4: upstream.gate.address")) << bad.output;
    EXPECT_EQ(ask({"--version"}).output, "cloudtaser-bridge " CT_VERSION "\n");
    EXPECT_EQ(ask({"--help"}).code, 0);
    EXPECT_EQ(ask({"--confg"}).code, 2);
    EXPECT_EQ(ask({"--config", folder_.file("none.toml")}).code, 1);
}

// A daemon that can't start answers those whose call started it, where a bus lets them wait for 25 seconds.
TEST_F(BridgeDaemon, ThatIsConfiguredWronglySaysSoToItsCallers) {
    start({}, "[upstream.gate]\naddress = 5\n");
    const auto refused = open("gate");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::config_invalid);
    EXPECT_NE(refused.error().context.find("bridge.toml:4: upstream.gate.address"), std::string::npos)
        << refused.error().context;
    EXPECT_NE(bus_->log().find("error: configuration: config_invalid: " + config_ + ":4: upstream.gate.address"),
              std::string::npos)
        << bus_->log();
    // Each call starts it anew; set right, it serves.
    const Listener listener;
    configure({{"gate", listener.address()}});
    while (bus_->pid_of(kName) != 0)
        static_cast<void>(property("io.cloudtaser.Daemon1", "State"));
    EXPECT_TRUE(open("gate"));
}

TEST_F(BridgeDaemon, ThatIsNotConfiguredStaysAndLooksAgainWhenToldTo) {
    start({});
    ASSERT_EQ(open("gate").error().reason, Reason::config_invalid);  // an empty file is one
    std::filesystem::remove(config_);
    while (bus_->pid_of(kName) != 0)
        static_cast<void>(property("io.cloudtaser.Daemon1", "State"));
    const auto refused = open("gate");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::config_missing);
    EXPECT_NE(refused.error().context.find(config_), std::string::npos);
    const int process = bus_->pid_of(kName);
    EXPECT_EQ(open("gate").error().reason, Reason::config_missing);
    EXPECT_EQ(reload().error().reason, Reason::config_missing);
    configure({{"gate", "nonsense"}});
    EXPECT_EQ(reload().error().reason, Reason::config_invalid);
    EXPECT_EQ(bus_->pid_of(kName), process);

    const Listener listener;
    configure({{"gate", listener.address()}});
    ASSERT_TRUE(reload());
    // The program begins anew and takes its name again.
    const auto patience = std::chrono::steady_clock::now() + 20s;
    while (!open("gate") && std::chrono::steady_clock::now() < patience) {
    }
    EXPECT_TRUE(open("gate"));
    EXPECT_TRUE(bus_->kill(kName, SIGTERM));
}

}  // namespace
}  // namespace ct
