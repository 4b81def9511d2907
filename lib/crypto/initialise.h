// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace ct::crypto {

// Loads all that OpenSSL would load at its first uses, and nothing of the host's configuration: for a process that will not be
// able to open anything later.
Status initialise();

}  // namespace ct::crypto
