// SPDX-License-Identifier: Apache-2.0
// /etc/cloudtaser/secretd.toml and workloads.d/, typed. cloudtaser-secretd.toml(5) describes each key.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "config/tree.h"
#include "daemons/secretd/workloads.h"

namespace ct::secretd {

struct Configuration {
    std::vector<Sha256> gate_pins;                              // current, and next while the gate changes its key
    std::string node_certificate = "/etc/cloudtaser/node.crt";  // PEM, where 'cloudtaserctl keygen node' puts them
    std::string node_key = "/etc/cloudtaser/node.key";
    std::string vault_host;  // name in OpenBao's certificate
    std::uint16_t vault_port = 8200;
    std::string vault_ca;
    std::string vault_namespace;
    std::map<std::string, int> mounts;  // KV version by mount; 2 where none is named
    std::string workloads_folder = "/etc/cloudtaser/workloads.d";
    Millis release_time = limits::kReleaseTime;
    Millis step_time = limits::kGateReply;
};

Result<Configuration> parse_configuration(const config::Node& root);
Result<std::shared_ptr<const Workloads>> load_workloads(const Configuration& configuration);

}  // namespace ct::secretd
