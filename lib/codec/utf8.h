// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ct {

// RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
bool valid_utf8(std::string_view text);

// valid_utf8 without the control characters of C0, DEL and C1: what may be shown on a terminal or put in a log as it is.
bool printable_utf8(std::string_view text);

}  // namespace ct
