// SPDX-License-Identifier: Apache-2.0
#include "http/download.h"

#include <gtest/gtest.h>

#include "support/scripted_http.h"

namespace ct {
namespace {

using test::Authority;
using test::ScriptedHttp;
using Peer = ScriptedHttp::Peer;

class Download : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        auto made = Authority::create();
        ASSERT_TRUE(made) << made.error().to_string();
        authority = std::make_unique<Authority>(std::move(*made));
    }
    static void TearDownTestSuite() { authority.reset(); }

    static std::string url(const ScriptedHttp& server) {
        return "https://127.0.0.1:" + std::to_string(server.port()) + "/a?b=c";
    }
    static Result<http::Document> ask(const Authority::Identity& identity, ScriptedHttp::Script script,
                                      std::string ca_file, std::size_t limit = 1000) {
        ScriptedHttp server(identity, {std::move(script)});
        http::Downloader downloader({.ca_file = std::move(ca_file), .timeout = Millis(10'000), .limit = limit});
        return downloader.get(url(server));
    }
    static Result<http::Document> ask_raw(std::string bytes) {
        return ask(
            authority->server(),
            [bytes = std::move(bytes)](Peer& peer) {
                peer.read_request();
                peer.write(bytes);
            },
            authority->ca_file());
    }
    static inline std::unique_ptr<Authority> authority;
};

TEST_F(Download, GivesStatusHeadersAndBodyOverOneConnection) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            peer.read_request();
                            peer.answer(200, "body", "X-Chain:  a%20b \r\n");
                            peer.read_request();
                            peer.answer(429, "", "Retry-After: 17\r\n");
                            peer.wait_closed();
                        }});
    {
        http::Downloader downloader({.ca_file = authority->ca_file()});
        const auto first = downloader.get(url(server));
        ASSERT_TRUE(first) << first.error().to_string();
        EXPECT_EQ(first->status, 200);
        EXPECT_EQ(as_text(first->body), "body");
        EXPECT_EQ(first->header("x-chain"), "a%20b");
        EXPECT_FALSE(first->header("x-other"));
        EXPECT_EQ(first->retry_after, Seconds(0));
        const auto second = downloader.get(url(server));
        ASSERT_TRUE(second) << second.error().to_string();
        EXPECT_EQ(second->status, 429);
        EXPECT_EQ(second->retry_after, Seconds(17));
        EXPECT_FALSE(second->header("x-chain")) << "that of the first answer";
    }
    server.join();
    EXPECT_EQ(server.connections(), 1);
    EXPECT_TRUE(server.requests().front().starts_with("GET /a?b=c HTTP/1.1\r\n"));
}

TEST_F(Download, BelievesOnlyWhomItsAnchorsVouchFor) {
    const auto script = [](Peer& peer) {
        peer.read_request();
        peer.answer(200, "body");
    };
    EXPECT_TRUE(ask(authority->server(), script, authority->ca_file()));
    EXPECT_EQ(ask(authority->expired().value(), script, authority->ca_file()).error().reason,
              Reason::tls_certificate_expired);
    EXPECT_EQ(ask(authority->other_host().value(), script, authority->ca_file()).error().reason, Reason::tls_failed);
    EXPECT_EQ(ask(authority->server(), script, "").error().reason, Reason::tls_failed) << "the system's anchors";
    EXPECT_EQ(ask(authority->server(), script, authority->file("none")).error().reason, Reason::tls_failed);
}

TEST_F(Download, RefusesAnswersThatBreakOffOrAreTooLarge) {
    EXPECT_EQ(ask_raw("HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf").error().reason, Reason::io_failed);
    EXPECT_EQ(ask_raw("").error().reason, Reason::io_failed);
    EXPECT_EQ(ask_raw("no HTTP at all\r\n\r\n").error().reason, Reason::malformed);
    EXPECT_EQ(ask_raw("HTTP/1.1 200 X\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n").error().reason,
              Reason::too_large);
    const auto body = [](std::size_t size) {
        return "HTTP/1.1 200 X\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'b');
    };
    EXPECT_TRUE(ask_raw(body(1000)));
    EXPECT_EQ(ask_raw(body(1001)).error().reason, Reason::too_large);
}

TEST_F(Download, FollowsNoRedirectAndAsksOnlyHttps) {
    const auto redirected = ask_raw("HTTP/1.1 302 X\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(redirected);
    EXPECT_EQ(redirected->status, 302);
    http::Downloader downloader({});
    for (const char* url : {"http://127.0.0.1/", "file:///etc/passwd", "", "127.0.0.1"})
        EXPECT_EQ(downloader.get(url).error().reason, Reason::invalid_argument) << url;
    EXPECT_EQ(downloader.get("https://127.0.0.1:" + std::to_string(test::free_port())).error().reason,
              Reason::upstream_unreachable);
}

}  // namespace
}  // namespace ct
