// SPDX-License-Identifier: Apache-2.0
#include "codec/json_text.h"

#include <cstdint>

#include "codec/utf8.h"

namespace ct::json {

std::string quoted(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    const bool sound = valid_utf8(text);
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (c == '"' || c == '\\')
            out.append("\\").push_back(c);
        else if (byte < 0x20)
            out.append("\\u00").append({digits[byte >> 4], digits[byte & 15]});
        else if (byte >= 0x80 && !sound)
            out.append("\xef\xbf\xbd");
        else
            out.push_back(c);
    }
    return out + '"';
}

}  // namespace ct::json
