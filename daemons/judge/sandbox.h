// SPDX-License-Identifier: Apache-2.0
// What is left to a process that looks at evidence: memory, and the socket it was started with.
#pragma once

#include "base/result.h"

namespace ct::judge {

// From here on this process can open nothing, connect to nobody, start nothing, and see no other process: a call that is not on
// the short list of sandbox.cpp ends it. All that libraries load later must be loaded before. io_failed.
Status enter_sandbox();

}  // namespace ct::judge
