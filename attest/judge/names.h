// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

#include "base/limits.h"

namespace ct::judge {

// Names become part of OpenBao paths, D-Bus arguments and journal fields: letters, digits, '.', '_', '-', and no leading
// dot.
inline bool is_name(std::string_view text) {
    if (text.empty() || text.size() > limits::kNameLength || text.front() == '.') return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    });
}

}  // namespace ct::judge
