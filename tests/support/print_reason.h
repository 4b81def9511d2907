// SPDX-License-Identifier: Apache-2.0
// How a test's failure shows a reason.
#pragma once

#include <ostream>

#include "base/reason.h"

namespace ct {
inline void PrintTo(Reason reason, std::ostream* out) { *out << to_string(reason); }
}  // namespace ct
