// SPDX-License-Identifier: Apache-2.0
// The verdict on a file, by the verifiers and the policy tables of a gate.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/collateral/deny_list.h"
#include "attest/judge/decision.h"
#include "attest/judge/policy.h"
#include "clients/attest/exhibit.h"

namespace ct::attest_tool {

// One kind's table: [workload.NAME.KIND] of a gate's policy, or [KIND] of a file that has nothing else.
struct Rules {
    std::string kind;
    std::string workload;  // empty: none
    std::uint64_t epoch = 0;
    Sha256 hash{};  // of all policy files
    std::shared_ptr<const attest::KindPolicy> policy;
    std::optional<Seconds> collateral_age;  // of the workload
};

// `kind` is what the evidence is of; the table may be of its simulated twin. `wanted` is what the caller said, or empty.
// config_invalid with file:line; invalid_argument where there is no such table.
Result<Rules> load_rules(std::vector<judge::PolicyFile> files, const std::string& workload, const std::string& kind,
                         const std::string& wanted);

// A gate's decision, as far as it rests on evidence: of caller, node and token there is nothing in it.
// `denied` is the list among the makers' items.
judge::Decision appraise(const Exhibit& exhibit, const Rules& rules, const judge::Makers& makers, WallTime at,
                         const attest::DenyList& denied = {});

}  // namespace ct::attest_tool
