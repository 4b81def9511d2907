// SPDX-License-Identifier: Apache-2.0
// gate.toml, typed. cloudtaser-gate.toml(5) describes each key.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/judge/makers.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/tree.h"
#include "daemons/gate/core.h"
#include "daemons/gate/serials.h"
#include "loop/connect.h"

namespace ct::gate {

struct VaultSettings {
    Endpoint address;
    std::string host;  // name in OpenBao's certificate
    std::string ca_file;
    std::string namespace_path;
    std::string token_file;
    Seconds timeout{10};  // of one request
    bool operator==(const VaultSettings&) const = default;
};

// Of a release that may still live the record is needed: a policy gives a token a day at most.
inline constexpr Seconds kLeastRecordAge = std::chrono::hours{25};

struct RecordSettings {
    std::string folder = "/var/lib/cloudtaser-gate/records";
    std::uint64_t most_bytes = std::uint64_t{4} << 30;  // of records of releases; those of refusals have a quarter
    Seconds most_age = std::chrono::hours{24 * 90};     // older records are removed
    // What happens when releases fill the folder before they are old enough to go: nothing is released any more, or the
    // oldest records go.
    bool drop_oldest = false;
    bool operator==(const RecordSettings&) const = default;
};

// A file that people signed (attest/signed).
struct SignedSettings {
    std::string file;
    judge::Signers signers;
};

struct Settings {
    std::vector<Endpoint> listen;
    std::string certificate = "/etc/cloudtaser/gate.crt";
    std::string key = "/etc/cloudtaser/gate.key";
    std::string policy = "/etc/cloudtaser/policy.d";
    std::string state_folder = "/var/lib/cloudtaser-gate";
    std::optional<judge::Signers> policy_signers;  // with them `policy` is one signed file
    std::optional<SignedSettings> collateral;
    std::string nodes_folder = "/etc/cloudtaser/nodes.d";
    std::size_t judges = 0;  // processes; 0: one a core
    std::size_t connections = 1024;
    std::size_t connections_per_address = 128;
    VaultSettings vault;
    RecordSettings records;
};

Result<Settings> parse_settings(const config::Node& root);

// Policy files, the [[node]] tables of gate.toml and those of the nodes folder, collateral. None of the signed files may be
// older than `had` says.
Result<std::shared_ptr<const Rules>> load_rules(const Settings& settings, const config::Node& root, const Serials& had);

}  // namespace ct::gate
