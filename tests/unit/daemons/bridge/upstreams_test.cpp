// SPDX-License-Identifier: Apache-2.0
#include "daemons/bridge/upstreams.h"

#include <gtest/gtest.h>

namespace ct::bridge {
namespace {

using namespace std::chrono_literals;

Result<Upstreams> parse(std::string_view text) {
    CT_TRY(const auto document, config::Document::parse(text, "bridge.toml"));
    return parse_upstreams(document.root());
}

TEST(BridgeUpstreams, AreReadByName) {
    const auto upstreams = parse(R"(
[upstream.gate]
address = "gate.example:8443"
[upstream.openbao]
address = "[2001:db8::1]:8200"
connect_timeout = "10s"
[log]
level = "debug"
)");
    ASSERT_TRUE(upstreams) << upstreams.error().to_string();
    EXPECT_EQ(upstreams->size(), 2U);
    EXPECT_EQ(upstreams->at("gate").address, (Endpoint{"gate.example", 8443}));
    EXPECT_EQ(upstreams->at("gate").connect_timeout, 5s);
    EXPECT_EQ(upstreams->at("openbao").address, (Endpoint{"2001:db8::1", 8200}));
    EXPECT_EQ(upstreams->at("openbao").connect_timeout, 10s);
}

struct Wrong {
    const char* text;
    const char* error;  // how the words begin
};
class WrongUpstreams : public testing::TestWithParam<Wrong> {};
TEST_P(WrongUpstreams, AreRefusedWithTheirPlace) {
    const auto upstreams = parse(GetParam().text);
    ASSERT_FALSE(upstreams);
    EXPECT_EQ(upstreams.error().reason, Reason::config_invalid);
    EXPECT_TRUE(upstreams.error().context.starts_with(GetParam().error)) << upstreams.error().context;
}
INSTANTIATE_TEST_SUITE_P(
    All, WrongUpstreams,
    testing::Values(Wrong{"", "bridge.toml:1: name at least [upstream.gate]"},
                    Wrong{"[upstream]\n", "bridge.toml:1: upstream: name at least [upstream.gate]"},
                    Wrong{"upstream = 5\n", "bridge.toml:1: upstream: expected a table"},
                    Wrong{"[upstream.gate]\n", "bridge.toml:1: upstream.gate: an upstream needs address"},
                    Wrong{"[upstream.gate]\naddress = 5\n", "bridge.toml:2: upstream.gate.address: expected a string"},
                    Wrong{"[upstream.gate]\naddress = \"host\"\n",
                          "bridge.toml:2: upstream.gate.address: \"host\": write"},
                    Wrong{"[upstream.gate]\naddress = \"h:0\"\n", "bridge.toml:2: upstream.gate.address: "},
                    Wrong{"[upstream.gate]\naddres = \"h:1\"\n", "bridge.toml:2: upstream.gate.addres: unknown key"},
                    Wrong{"[upstream.gate]\naddress = \"h:1\"\nconnect_timeout = \"0s\"\n",
                          "bridge.toml:3: upstream.gate.connect_timeout: "},
                    Wrong{"[upstream.gate]\naddress = \"h:1\"\nconnect_timeout = \"61s\"\n",
                          "bridge.toml:3: upstream.gate.connect_timeout: "},
                    Wrong{"[upsteam.gate]\naddress = \"h:1\"\n", "bridge.toml:1: upsteam: unknown key"}));

}  // namespace
}  // namespace ct::bridge
