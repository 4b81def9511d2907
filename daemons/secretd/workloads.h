// SPDX-License-Identifier: Apache-2.0
// The node's own rules: who may open which workload, and which names it gets (/etc/cloudtaser/workloads.d/*.toml).
// The gate's policy decides as well, on the vault side; both must agree.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "attest/protocol/messages.h"
#include "base/result.h"
#include "config/tree.h"
#include "openbao/client.h"

namespace ct::secretd {

// What becomes of a secret in programs that the first one starts.
enum class Children : std::uint8_t { rearm, strip };

struct Mapping {
    openbao::SecretRef ref;
    Children children = Children::rearm;
};

struct WorkloadRules {
    std::string name;
    std::set<std::uint64_t> uids;       // empty: any; then there are units
    std::set<std::string> units;        // empty: any
    std::set<std::string> executables;  // SHA-256, lower-case hex; empty: any
    bool require_enforcement = false;
    std::map<std::string, Mapping> environment;  // by variable name: in the program's environment
    std::map<std::string, Mapping> secrets;      // by name: for programs that fetch by descriptor, any bytes

    // caller_not_allowed, identity_unreadable or executable_not_allowed.
    [[nodiscard]] Status allows(const attest::Identity& identity) const;
};

using Workloads = std::map<std::string, WorkloadRules>;

// `uid_of` turns a user name into its number (getpwnam); `mounts` gives KV versions by mount.
using UidOf = std::function<std::optional<std::uint64_t>(const std::string&)>;
Result<Workloads> parse_workloads(const config::Node& root, const UidOf& uid_of,
                                  const std::map<std::string, int>& mounts);

// A portable environment name: [A-Za-z_][A-Za-z0-9_]*, bounded.
[[nodiscard]] bool is_variable_name(std::string_view name);

}  // namespace ct::secretd
