// SPDX-License-Identifier: Apache-2.0
// The program to start: found as execvp(3) finds it, and looked at before anything is opened for it, so that what can't be
// served is refused with words.
#pragma once

#include <string>

#include "base/result.h"

namespace ct::run {

// `path` is PATH, or null. target_not_found, target_not_executable, target_setuid, target_file_capabilities,
// target_architecture; guard_not_permitted for a file that this user may execute but not read.
Result<std::string> find_target(const std::string& program, const char* path);

// What the kernel would load for a file: itself, or the interpreter of a "#!" line. For find_target; pure but for reading.
Status check_image(const std::string& path);

}  // namespace ct::run
