// SPDX-License-Identifier: Apache-2.0
// The explanations of docs/reasons.md as rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ct::ctl {

struct Explanation {
    std::string section;  // heading that it stands under: who says it
    std::string code, bus_error, meaning, advice;
};

// The text of docs/reasons.md as it was when this program was built.
std::string_view reasons_page();
// Rows "| `code` | BusError | meaning | advice |" of a page, without their markup.
std::vector<Explanation> parse_reasons(std::string_view page);

}  // namespace ct::ctl
