// SPDX-License-Identifier: Apache-2.0
// Which items the machines of a fleet need, from what the gate has recorded of them, refused or not.
#include <algorithm>
#include <set>

#include "attest/evidence/snp_bundle.h"
#include "attest/judge/record.h"
#include "base/fd.h"
#include "clients/ctl/commands.h"
#include "codec/hex.h"

namespace ct::ctl {
namespace {

using Claims = std::map<std::string, std::string>;

std::string claim(const Claims& claims, const char* name) {
    const auto at = claims.find(name);
    return at == claims.end() ? "" : at->second;
}

// Where no certificate says of which product the chip is, the report may.
std::string product_of(const judge::Record& record, const std::string& chip_id) {
    if (!record.facts.proof) return {};
    for (const auto& one : record.facts.proof->evidence) {
        const auto evidence = attest::snp::decode_evidence(one.body);
        const auto report = evidence ? attest::snp::parse_report(evidence->report) : fail(Reason::malformed);
        if (report && hex_encode(report->chip_id) == chip_id && report->product())
            return std::string(to_string(*report->product()));
    }
    return {};
}

// A line of the file `wanted`; empty for a kind that needs none.
std::string line_of(const judge::Record& record, const Claims& claims) {
    if (const auto fmspc = claim(claims, "fmspc"); !fmspc.empty()) return "intel/tcb-info/" + fmspc;
    const auto chip = claim(claims, "chip_id"), tcb = claim(claims, "reported_tcb");
    if (chip.find_first_not_of('0') == std::string::npos || tcb.empty() || claim(claims, "signing_key") == "vlek")
        return {};  // no chip's own key
    auto product = claim(claims, "product");
    if (product.empty()) product = product_of(record, chip);
    const std::string name = "amd/vcek/" + chip + "/" + tcb;
    return product.empty() ? "# Milan, Genoa or Turin? " + name : name + " " + product;
}

}  // namespace

Result<int> collateral_wanted(const std::vector<std::string>& records, Output& out) {
    std::set<std::string> lines;
    for (const auto& path : records) {
        CT_TRY(const std::string bytes, read_file(path, judge::kRecordSize));
        const auto record = judge::decode_record(as_bytes(bytes));
        if (!record)
            return fail(record.error().reason, path + ": not an audit record of a gate: " + record.error().context);
        CT_TRY(const auto decision, judge::decode_decision(record->decision));
        for (const auto& [kind, claims] : decision.claims)
            if (auto line = line_of(*record, claims); !line.empty()) lines.insert(std::move(line));
    }
    out.json().begin_array();
    for (const auto& line : lines) {
        out.line(printable(line));
        out.json().string(printable(line));
    }
    out.json().end_array();
    return 0;
}

}  // namespace ct::ctl
