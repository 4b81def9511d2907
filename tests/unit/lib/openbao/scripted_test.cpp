// SPDX-License-Identifier: Apache-2.0
// Faults that a real OpenBao can't be made to show, and what the client makes of them.
#include <gtest/gtest.h>

#include "openbao/client.h"
#include "support/bao.h"
#include "support/http_rig.h"
#include "support/scripted_http.h"

namespace ct::openbao {
namespace {

using test::Authority;
using test::HttpRig;
using test::ScriptedHttp;
using Peer = ScriptedHttp::Peer;

const SecretRef kRef{"kv", "payments", "password", 2};
constexpr std::string_view kSecret =
    R"({"data":{"data":{"password":"p"},"metadata":{"version":1}},"wrap_info":null,"auth":null})";

class OpenBaoScripted : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_TRUE(crypto::use_secret_arena());
        ASSERT_TRUE(http::use_secret_arena());
        authority = std::make_unique<Authority>(Authority::create().value());
    }
    static void TearDownTestSuite() { authority.reset(); }
    static inline std::unique_ptr<Authority> authority;
    const SecretString token_{"a-token-longer-than-the-small-string-buffer"};
};

struct Rig : HttpRig {
    Rig(const ScriptedHttp& server, const std::string& ca_file, Millis timeout)
        : HttpRig({.host = "127.0.0.1", .port = server.port(), .ca_file = ca_file, .timeout = timeout},
                  test::dial_loopback(server.port())) {}
    Client vault{*client};
};

ScriptedHttp::Script answers(std::vector<std::pair<int, std::string>> list, std::string headers = {}) {
    return [=](Peer& peer) {
        for (const auto& [status, body] : list) {
            if (peer.read_request().empty()) return;
            peer.answer(status, body, headers);
        }
        peer.wait_closed();
    };
}

TEST_F(OpenBaoScripted, AReadIsTriedAgainAfterAPassingFailure) {
    ScriptedHttp server(authority->server(),
                        {answers({{500, R"({"errors":["internal error"]})"}, {200, std::string(kSecret)}})});
    Rig rig(server, authority->ca_file(), limits::kVaultReplyTime);
    const auto got = rig.wait<KvSecret>([&](auto reply) { rig.vault.read_kv(token_, kRef, reply); });
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(as_text(*got->field("password")), "p");
}

TEST_F(OpenBaoScripted, AReadIsTriedThreeTimesAtMost) {
    const std::pair<int, std::string> failure{502, ""};
    ScriptedHttp server(authority->server(), {answers({failure, failure, failure, failure})});
    Rig rig(server, authority->ca_file(), limits::kVaultReplyTime);
    const auto got = rig.wait<KvSecret>([&](auto reply) { rig.vault.read_kv(token_, kRef, reply); });
    EXPECT_EQ(got.error().reason, Reason::vault_failed);
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(OpenBaoScripted, RetryAfterIsNotObeyedBeyondReason) {
    const std::pair<int, std::string> busy{429, R"({"errors":["rate limit quota exceeded"]})"};
    ScriptedHttp server(authority->server(), {answers({busy, busy, busy}, "Retry-After: 86400\r\n")});
    Rig rig(server, authority->ca_file(), limits::kVaultReplyTime);
    const BootTime start = rig.loop.now();
    const auto got = rig.wait<KvSecret>([&](auto reply) { rig.vault.read_kv(token_, kRef, reply); });
    EXPECT_EQ(got.error().reason, Reason::vault_rate_limited);
    EXPECT_LT(rig.loop.now() - start, limits::kVaultReplyTime);
}

TEST_F(OpenBaoScripted, NothingIsTriedAgainThatMayNotBeRepeated) {
    const std::pair<int, std::string> failure{503, R"({"errors":["no active node"]})"};
    ScriptedHttp server(authority->server(), {answers({failure, failure, failure, failure, failure, failure})});
    Rig rig(server, authority->ca_file(), limits::kVaultReplyTime);
    EXPECT_EQ(rig.wait<Token>([&](auto reply) { rig.vault.unwrap(token_, reply); }).error().reason,
              Reason::vault_failed);
    MintRequest mint;
    mint.role = "wl";
    EXPECT_EQ(rig.wait<WrappedToken>([&](auto reply) { rig.vault.mint(token_, mint, reply); }).error().reason,
              Reason::vault_failed);
    EXPECT_EQ(rig.wait<Token>([&](auto reply) { rig.vault.login_approle(token_, token_, reply); }).error().reason,
              Reason::vault_failed);
    EXPECT_EQ(rig.wait<Token>([&](auto reply) { rig.vault.login_jwt("r", token_, reply); }).error().reason,
              Reason::vault_failed);
    EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(OpenBaoScripted, AnUnwrapWhoseAnswerIsLostIsNotSentAgain) {
    ScriptedHttp server(authority->server(),
                        {[](Peer& peer) { peer.read_request(); }, answers({{200, R"({"auth":null})"}})});
    Rig rig(server, authority->ca_file(), limits::kVaultReplyTime);
    EXPECT_EQ(rig.wait<Token>([&](auto reply) { rig.vault.unwrap(token_, reply); }).error().reason,
              Reason::vault_unreachable);
    EXPECT_EQ(server.requests().size(), 1U);
    EXPECT_TRUE(server.requests()[0].ends_with("Content-Length: 0\r\n\r\n")) << "no body: it would destroy the content";
}

TEST_F(OpenBaoScripted, AMintThatComesInClearIsDropped) {
    const std::string clear =
        R"({"data":null,"wrap_info":null,"auth":{"client_token":"s.CLEAR","accessor":"a","lease_duration":300,)"
        R"("renewable":false,"policies":["wl"]}})";
    ScriptedHttp server(authority->server(), {answers({{200, clear}})});
    Rig rig(server, authority->ca_file(), limits::kVaultReplyTime);
    MintRequest mint;
    mint.role = "wl";
    const auto got = rig.wait<WrappedToken>([&](auto reply) { rig.vault.mint(token_, mint, reply); });
    EXPECT_EQ(got.error().reason, Reason::mint_not_wrapped);
    EXPECT_FALSE(got.error().context.contains("CLEAR"));
    EXPECT_TRUE(server.requests().at(0).contains("x-vault-wrap-ttl: 30s\r\n"));
}

TEST_F(OpenBaoScripted, RedirectsGoNowhere) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            peer.read_request();
                            peer.answer(307, "<a>", "Location: /v1/kv/data/payments\r\n");
                            peer.read_request();
                            peer.answer(307, "", "Location: https://127.0.0.1:1/v1/kv/data/payments\r\n");
                            peer.wait_closed();
                        }});
    Rig rig(server, authority->ca_file(), limits::kVaultReplyTime);
    EXPECT_EQ(rig.wait<KvSecret>([&](auto reply) { rig.vault.read_kv(token_, kRef, reply); }).error().reason,
              Reason::vault_redirect);
    EXPECT_EQ(rig.wait<KvSecret>([&](auto reply) { rig.vault.read_kv(token_, kRef, reply); }).error().reason,
              Reason::vault_standby);
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(OpenBaoScripted, BodiesThatStopOrAreCutOff) {
    ScriptedHttp server(authority->server(),
                        {[](Peer& peer) {
                             peer.read_request();
                             peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":");
                         },
                         [](Peer& peer) {
                             peer.read_request();
                             peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":");
                             peer.wait_closed();
                         },
                         [](Peer& peer) {
                             peer.read_request();
                             peer.answer(200, "<html>welcome to the hotel</html>");
                             peer.wait_closed();
                         }});
    Rig rig(server, authority->ca_file(), Millis(300));
    const auto read = [&] { return rig.wait<KvSecret>([&](auto reply) { rig.vault.read_kv(token_, kRef, reply); }); };
    EXPECT_EQ(read().error().reason, Reason::vault_unreachable) << "cut off";
    EXPECT_EQ(read().error().reason, Reason::vault_timeout) << "stopped";
    const auto portal = read();
    EXPECT_EQ(portal.error().reason, Reason::vault_malformed) << "somebody else's server";
    EXPECT_FALSE(portal.error().context.contains("hotel"));
}

TEST_F(OpenBaoScripted, NoReplyComesOnceTheClientIsGone) {
    ScriptedHttp server(authority->server(), {answers({{500, ""}, {500, ""}})});
    Rig rig(server, authority->ca_file(), limits::kVaultReplyTime);
    auto vault = std::make_unique<Client>(*rig.client);
    bool called = false;
    vault->read_kv(token_, kRef, [&](const Result<KvSecret>&) { called = true; });
    ASSERT_TRUE(test::turn_until(rig.loop, [&] { return server.requests().size() == 1; }));
    vault.reset();
    ASSERT_TRUE(rig.wait<Health>([&](auto reply) { rig.vault.health(reply); }).error().reason == Reason::vault_failed);
    EXPECT_FALSE(called);
}

}  // namespace
}  // namespace ct::openbao
