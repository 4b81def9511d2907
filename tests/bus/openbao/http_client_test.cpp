// SPDX-License-Identifier: Apache-2.0
// The HTTP client and the real server: HTTP/2, one connection, one flight.
#include "http/client.h"

#include <gtest/gtest.h>

#include "support/bao.h"
#include "support/http_rig.h"

namespace ct {
namespace {

using test::Bao;
using test::HttpRig;

class HttpClientOnBao : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (Bao::missing()) return;
        auto started = Bao::start();
        ASSERT_TRUE(started) << started.error().to_string();
        bao = std::move(*started);
    }
    static void TearDownTestSuite() { bao.reset(); }
    void SetUp() override { CT_NEEDS_BAO(); }
    static inline std::unique_ptr<Bao> bao;
};

TEST_F(HttpClientOnBao, GetsAnAnswerOverHttp2) {
    HttpRig rig(bao->http_options(), bao->dial());
    auto health = rig.get("/v1/sys/health");
    ASSERT_TRUE(health) << health.error().to_string();
    EXPECT_EQ(health->status, 200);
    EXPECT_TRUE(health->body.text().contains("\"initialized\":true"));
    bool json = false;
    for (const auto& [name, value] : health->headers)
        json = json || (name == "content-type" && value == "application/json");
    EXPECT_TRUE(json);
}

TEST_F(HttpClientOnBao, SendsAHundredReadsInOneFlightOnOneConnection) {
    HttpRig rig(bao->http_options(), bao->dial());
    bao->put_kv("payments", R"({"password":"p"})");
    const std::string token = bao->make_token(R"({"policies":["wl-payments"]})");
    ASSERT_TRUE(rig.get("/v1/sys/health"));
    const auto before = rig.client->counters();
    int good = 0, all = 0;
    for (int i = 0; i < 100; ++i) {
        http::Request request{.path = "/v1/kv/data/payments"};
        request.headers.emplace_back("authorization", SecretString("Bearer ") + SecretString(token));
        rig.client->send(std::move(request), [&](Result<http::Response> response) {
            ++all;
            if (response && response->status == 200) ++good;
        });
    }
    EXPECT_EQ(all, 0) << "send() calls nobody";
    ASSERT_TRUE(test::turn_until(rig.loop, [&] { return all == 100; }));
    EXPECT_EQ(good, 100);
    EXPECT_EQ(rig.client->counters().connections, before.connections);
    EXPECT_EQ(rig.client->counters().requests - before.requests, 100U);
    EXPECT_EQ(rig.client->counters().flights - before.flights, 1U);
}

TEST_F(HttpClientOnBao, NeedsOneFlightForAHundredReadsOnAFreshConnectionToo) {
    HttpRig rig(bao->http_options(), bao->dial());
    int all = 0;
    for (int i = 0; i < 100; ++i)
        rig.client->send({.path = "/v1/sys/health"}, [&](const Result<http::Response>& response) {
            EXPECT_TRUE(response);
            ++all;
        });
    ASSERT_TRUE(test::turn_until(rig.loop, [&] { return all == 100; }));
    EXPECT_EQ(rig.client->counters().connections, 1U);
    EXPECT_LE(rig.client->counters().flights, 2U);
}

}  // namespace
}  // namespace ct
