// SPDX-License-Identifier: Apache-2.0
// JSON strings of public text, outside secret memory (json.h is for answers that hold secrets).
#pragma once

#include <string>
#include <string_view>

namespace ct::json {

// A JSON string of valid UTF-8: quotes, backslashes and control characters escaped. Bytes that are no UTF-8 become U+FFFD.
std::string quoted(std::string_view text);

}  // namespace ct::json
