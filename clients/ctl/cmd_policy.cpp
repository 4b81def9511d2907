// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "attest/judge/policy_files.h"
#include "clients/ctl/commands.h"
#include "codec/hex.h"

namespace ct::ctl {
namespace {

std::string joined(const std::vector<std::string>& words, std::string_view by) {
    std::string out;
    for (const auto& word : words)
        out.append(out.empty() ? "" : by).append(word);
    return out;
}

// Which allow-lists the workload has, so that one which any enrolled node may ask for is seen.
std::string bound_to(const judge::Workload& workload) {
    std::vector<std::string> lists;
    const auto note = [&](std::size_t count, const char* one, const char* many) {
        if (count > 0) lists.push_back(std::to_string(count) + " " + (count == 1 ? one : many));
    };
    note(workload.nodes.size(), "node", "nodes");
    note(workload.uids.size(), "uid", "uids");
    note(workload.units.size(), "unit", "units");
    note(workload.executables.size(), "executable", "executables");
    return lists.empty() ? "any enrolled node, any process" : joined(lists, ", ");
}

void put(json::Writer& to, const judge::Workload& workload) {
    to.begin_object().key("name").string(workload.name).key("evidence").begin_array();
    for (const auto& kind : workload.evidence)
        to.string(kind);
    to.end_array();
    to.key("token_role").string(workload.token_role).key("token_ttl").number(workload.token_ttl.count());
    to.key("lifetime").number(workload.terms.lifetime.count()).key("tiers").string(workload.terms.tiers);
    to.key("require_enforcement").boolean(workload.terms.require_enforcement);
    to.key("allow_degraded_memory").boolean(workload.terms.allow_degraded_memory);
    to.key("nodes").number(static_cast<std::int64_t>(workload.nodes.size()));
    to.key("uids").number(static_cast<std::int64_t>(workload.uids.size()));
    to.key("units").number(static_cast<std::int64_t>(workload.units.size()));
    to.key("executables").number(static_cast<std::int64_t>(workload.executables.size()));
    to.end_object();
}

}  // namespace

Result<int> policy_check(const PolicyCheckOptions& options, Output& out) {
    std::vector<judge::PolicyFile> files;
    for (const auto& path : options.paths) {
        CT_TRY(auto more, judge::read_policy_files(path));
        std::ranges::move(more, std::back_inserter(files));
    }
    // The gate reads a folder in name order, and the hash depends on it.
    std::ranges::sort(files, {}, &judge::PolicyFile::name);
    CT_TRY(const auto policy, judge::Policy::parse(std::move(files)));

    json::Writer& json = out.json();
    json.begin_object().key("epoch").number(static_cast<std::int64_t>(policy.epoch()));
    json.key("sha256").string(hex_encode(policy.hash())).key("workloads").begin_array();
    Table table({"WORKLOAD", "EVIDENCE", "TOKEN ROLE", "TTL", "LIFETIME", "TIERS", "ENFORCEMENT", "BOUND TO"});
    for (const auto& [name, workload] : policy.workloads()) {
        put(json, workload);
        table.add({name, joined(workload.evidence, "+"), workload.token_role, duration_text(workload.token_ttl),
                   duration_text(workload.terms.lifetime), workload.terms.tiers,
                   workload.terms.require_enforcement ? "required" : "not required", bound_to(workload)});
    }
    json.end_array().end_object();
    out.field("Policy", "in order: epoch " + std::to_string(policy.epoch()));
    out.field("SHA-256", hex_encode(policy.hash()));
    out.line();
    out.table(table);
    return 0;
}

}  // namespace ct::ctl
