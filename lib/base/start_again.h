// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace ct {

// This process becomes the same program anew: same pid, arguments, environment and descriptors without close-on-exec, no signal
// blocked. Comes back only with the error.
Error start_again();

}  // namespace ct
