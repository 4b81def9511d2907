// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/verdict_text.h"

#include <algorithm>

#include "codec/hex.h"

namespace ct::ctl {
namespace {

std::int64_t unix_seconds(WallTime time) { return std::chrono::floor<Seconds>(time).time_since_epoch().count(); }

}  // namespace

void tell(const judge::Decision& decision, Output& out) {
    if (decision.granted())
        out.field("Verdict", "granted");
    else
        out.field("Verdict", "refused: " + std::string(to_string(decision.findings.front().reason)));
    out.field("Workload", printable(decision.workload));
    out.field("Node", decision.node.empty() ? "not enrolled" : printable(decision.node));
    out.field("Evidence", decision.kinds.empty() ? "none" : printable(decision.kinds));
    out.field("Policy",
              "epoch " + std::to_string(decision.policy_epoch) + ", sha256 " + hex_encode(decision.policy_hash));
    out.field("Decided at", time_text(decision.at));
    if (decision.granted()) {
        out.field("Expires", time_text(decision.expires));
        out.field("Token", "role " + printable(decision.mint.role) + ", for " + duration_text(decision.mint.ttl));
    }
    if (!decision.findings.empty()) {
        out.line();
        Table findings({"FINDING", "DETAIL"});
        for (const auto& finding : decision.findings)
            findings.add({std::string(to_string(finding.reason)), printable(finding.detail)});
        out.table(findings);
    }
    Table claims({"KIND", "CLAIM", "VALUE"});
    for (const auto& [kind, values] : decision.claims)
        for (const auto& [name, value] : values)
            claims.add({printable(kind), printable(name), printable(value)});
    if (claims.empty()) return;
    out.line();
    out.table(claims);
}

void put(json::Writer& to, const judge::Decision& decision) {
    to.begin_object();
    to.key("granted").boolean(decision.granted());
    to.key("workload").string(decision.workload).key("node").string(decision.node);
    to.key("evidence").string(decision.kinds);
    to.key("policy_epoch").number(static_cast<std::int64_t>(decision.policy_epoch));
    to.key("policy_sha256").string(hex_encode(decision.policy_hash));
    to.key("at").number(unix_seconds(decision.at)).key("expires").number(unix_seconds(decision.expires));
    to.key("token_role").string(decision.mint.role).key("token_ttl").number(decision.mint.ttl.count());
    to.key("findings").begin_array();
    for (const auto& finding : decision.findings)
        to.begin_object()
            .key("reason")
            .string(to_string(finding.reason))
            .key("detail")
            .string(finding.detail)
            .end_object();
    to.end_array();
    to.key("claims").begin_object();
    for (const auto& [kind, values] : decision.claims) {
        to.key(kind).begin_object();
        for (const auto& [name, value] : values)
            to.key(name).string(value);
        to.end_object();
    }
    to.end_object().end_object();
}

}  // namespace ct::ctl
