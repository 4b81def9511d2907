// SPDX-License-Identifier: Apache-2.0
#include "audit/fields.h"

namespace ct::audit {

std::vector<std::pair<std::string, std::string>> flatten(const Record& record) {
    std::vector<std::pair<std::string, std::string>> out;
    out.emplace_back("event", to_string(record.type));
    out.emplace_back("outcome", record.outcome == Outcome::success ? "success" : "failure");
    if (record.reason) out.emplace_back("reason", to_string(*record.reason));
    if (!record.detail.empty()) out.emplace_back("detail", record.detail);
    for (const auto& [field, value] : record.fields)
        out.emplace_back(to_string(field), value);
    return out;
}

std::string message(const Record& record) {
    std::string out(words(record.type));
    out += record.outcome == Outcome::success ? ": success" : ": failure";
    for (const auto& [field, value] : record.fields)
        if (field == Field::workload || field == Field::node) out += ": " + value;
    if (record.reason) out += ": " + std::string(to_string(*record.reason));
    if (!record.detail.empty()) out += ": " + record.detail;
    return out;
}

}  // namespace ct::audit
