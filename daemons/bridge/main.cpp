// SPDX-License-Identifier: Apache-2.0
// cloudtaser-bridge: the node's way out. It connects to named upstreams and hands the streams to those who end TLS on
// them; it holds no secret and sees only ciphertext.
#include "daemons/bridge/service.h"
#include "daemons/common/daemon.h"

namespace {

constexpr ct::daemon::Spec kSpec{
    .name = "cloudtaser-bridge",
    .purpose = "connects to the gate and to OpenBao on behalf of secretd",
    .bus_name = "io.cloudtaser.Bridge1",
    .object = "/io/cloudtaser/Bridge1",
    .config_file = "/etc/cloudtaser/bridge.toml",
};

ct::Status check(const ct::config::Document& document) {
    CT_TRY(const auto upstreams, ct::bridge::parse_upstreams(document.root()));
    return {};
}

}  // namespace

int main(int argc, char** argv) { return ct::daemon::run(argc, argv, kSpec, check, ct::bridge::BridgeService::create); }
