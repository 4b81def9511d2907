// SPDX-License-Identifier: Apache-2.0
#include "loop/connect.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

namespace ct {
namespace {

TEST(Endpoint, IsReadAndWritten) {
    EXPECT_EQ(*parse_endpoint("vault.example:8200"), (Endpoint{"vault.example", 8200}));
    EXPECT_EQ(*parse_endpoint("127.0.0.1:1"), (Endpoint{"127.0.0.1", 1}));
    EXPECT_EQ(*parse_endpoint("[::1]:65535"), (Endpoint{"::1", 65535}));
    EXPECT_EQ(to_string(Endpoint{"::1", 8200}), "[::1]:8200");
    EXPECT_EQ(to_string(Endpoint{"h", 8200}), "h:8200");
    for (const auto* text : {"", ":", "host", "host:", ":8200", "host:0", "host:65536", "host:8200x", "host:+1",
                             "host: 1", "::1:8200", "[]:1", "ho st:1", "a/b:1", "u@h:1"}) {
        const auto endpoint = parse_endpoint(text);
        EXPECT_FALSE(endpoint) << text;
        if (!endpoint) {
            EXPECT_EQ(endpoint.error().reason, Reason::invalid_argument) << text;
        }
    }
}

class Connect : public testing::Test {
protected:
    // A socket bound to a free loopback port.
    Connect() : bound_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(bound_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::getsockname(bound_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }

    Result<Fd> connect(const std::string& host, Millis timeout = Millis{5000}) {
        std::optional<Result<Fd>> answer;
        auto connecting = connect_tcp(loop_, {host, port_}, timeout, [&](Result<Fd> fd) { answer = std::move(fd); });
        if (!connecting) return std::unexpected(connecting.error());
        EXPECT_FALSE(answer) << "never before it returns";
        while (!answer)
            EXPECT_TRUE(loop_.run_once(std::chrono::seconds{10}));
        return std::move(*answer);
    }

    EventLoop loop_ = std::move(*EventLoop::create());
    Fd bound_;
    std::uint16_t port_ = 0;
};

TEST_F(Connect, ReachesAListenerByAddressAndByName) {
    ASSERT_EQ(::listen(bound_.get(), 4), 0);
    for (const auto* host : {"127.0.0.1", "localhost"}) {
        const auto fd = connect(host);
        ASSERT_TRUE(fd) << host << ": " << fd.error().to_string();
        EXPECT_TRUE(::fcntl(fd->get(), F_GETFL) & O_NONBLOCK);
        EXPECT_TRUE(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC);
        const Fd peer(::accept4(bound_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        EXPECT_TRUE(peer);
        EXPECT_EQ(::send(peer.get(), "x", 1, 0), 1);
    }
}

TEST_F(Connect, ARefusedConnectionSaysWhereAndWhy) {
    const auto fd = connect("127.0.0.1");
    ASSERT_FALSE(fd);
    EXPECT_EQ(fd.error().reason, Reason::upstream_unreachable);
    EXPECT_EQ(fd.error().sys_errno, ECONNREFUSED);
    EXPECT_TRUE(fd.error().context.starts_with("127.0.0.1:" + std::to_string(port_))) << fd.error().context;
}

TEST_F(Connect, AnUnknownNameIsUnreachable) {
    const auto fd = connect("no-such-host.invalid", Millis{20000});
    ASSERT_FALSE(fd);
    EXPECT_EQ(fd.error().reason, Reason::upstream_unreachable);
}

TEST_F(Connect, SilenceEndsAtTheTimeout) {
    // A full backlog leaves a SYN unanswered.
    ASSERT_EQ(::listen(bound_.get(), 0), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    std::vector<Fd> fill;
    for (int i = 0; i < 8; ++i) {
        fill.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        ::connect(fill.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    const auto start = loop_.now();
    const auto fd = connect("127.0.0.1", Millis{150});
    ASSERT_FALSE(fd);
    EXPECT_EQ(fd.error().reason, Reason::timed_out);
    EXPECT_GE(loop_.now() - start, Millis{150});
    EXPECT_LT(loop_.now() - start, Millis{3000});
}

TEST_F(Connect, DroppingItGivesUp) {
    ASSERT_EQ(::listen(bound_.get(), 4), 0);
    for (const auto* host : {"127.0.0.1", "localhost"}) {
        bool called = false;
        {
            auto connecting = connect_tcp(loop_, {host, port_}, Millis{5000}, [&](Result<Fd>) { called = true; });
            ASSERT_TRUE(connecting);
        }
        ASSERT_TRUE(connect("127.0.0.1"));
        EXPECT_FALSE(called);
    }
}

TEST_F(Connect, MayBeDroppedFromItsOwnCallback) {
    ASSERT_EQ(::listen(bound_.get(), 4), 0);
    std::optional<Connecting> connecting;
    bool called = false;
    connecting = std::move(*connect_tcp(loop_, {"127.0.0.1", port_}, Millis{5000}, [&](Result<Fd>) {
        connecting.reset();
        called = true;
    }));
    while (!called)
        ASSERT_TRUE(loop_.run_once(std::chrono::seconds{10}));
}

}  // namespace
}  // namespace ct
