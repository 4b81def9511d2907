// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/reasons_table.h"

namespace ct::ctl {
namespace {

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// `code`, **strong** and [words](link) as plain words. "cloudtaser-*" keeps its star: only pairs are markup.
std::string plain(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '`') continue;
        if (text.substr(i, 2) == "**") {
            ++i;
            continue;
        }
        if (text[i] == '[') {
            const auto middle = text.find("](", i);
            const auto end = middle == std::string_view::npos ? middle : text.find(')', middle);
            if (end != std::string_view::npos && text.find(']', i) == middle) {
                out.append(text.substr(i + 1, middle - i - 1));
                i = end;
                continue;
            }
        }
        out.push_back(text[i]);
    }
    return out;
}

std::vector<std::string_view> cells(std::string_view line) {
    std::vector<std::string_view> out;
    while (!line.empty()) {
        line.remove_prefix(1);  // '|'
        const auto end = line.find('|');
        if (end == std::string_view::npos) break;
        out.push_back(trim(line.substr(0, end)));
        line.remove_prefix(end);
    }
    return out;
}

}  // namespace

std::vector<Explanation> parse_reasons(std::string_view page) {
    std::vector<Explanation> out;
    std::string section;
    while (!page.empty()) {
        const auto end = std::min(page.find('\n'), page.size());
        const std::string_view line = page.substr(0, end);
        page.remove_prefix(std::min(end + 1, page.size()));
        if (line.starts_with("## ")) section = plain(line.substr(3));
        if (!line.starts_with("| `")) continue;
        const auto row = cells(line);
        if (row.size() == 4) out.push_back({section, plain(row[0]), plain(row[1]), plain(row[2]), plain(row[3])});
    }
    return out;
}

}  // namespace ct::ctl
