// SPDX-License-Identifier: Apache-2.0
// Times as text: RFC 3339 in UTC and in whole seconds, as Intel's collateral and our policies write them.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace ct {

// "2026-03-16T08:14:38Z", or "2026-03-16" for its first second. Nothing else: no offsets, no fractions. malformed.
Result<WallTime> parse_timestamp(std::string_view text);
// "2026-03-16T08:14:38Z"; fractions are cut off.
std::string format_timestamp(WallTime time);

}  // namespace ct
