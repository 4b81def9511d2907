// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/reason.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/reasons_table.h"

namespace ct::ctl {
namespace {

void put(json::Writer& to, const Explanation& row) {
    to.begin_object();
    to.key("code").string(row.code).key("bus_error").string("io.cloudtaser.Error." + row.bus_error);
    to.key("section").string(row.section).key("meaning").string(row.meaning).key("advice").string(row.advice);
    to.end_object();
}

}  // namespace

Result<int> reasons(const std::string& code, Output& out) {
    const auto rows = parse_reasons(reasons_page());
    if (!code.empty()) {
        const auto row = std::ranges::find(rows, code, &Explanation::code);
        if (row == rows.end())
            return fail(Reason::invalid_argument,
                        "there is no reason '" + printable(code) + "'; 'cloudtaserctl reasons' lists them all");
        put(out.json(), *row);
        out.field("Reason", row->code);
        out.field("Said in", row->section);
        out.field("D-Bus error", "io.cloudtaser.Error." + row->bus_error);
        out.field("Meaning", row->meaning);
        out.field("What to do", row->advice);
        return 0;
    }
    out.json().begin_array();
    Table table({"REASON", "MEANING"});
    for (const auto& row : rows) {
        put(out.json(), row);
        table.add({row.code, row.meaning});
    }
    out.json().end_array();
    out.table(table);
    return 0;
}

}  // namespace ct::ctl
