// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "attest/judge/policy.h"

namespace ct::judge {

// All *.toml of a folder in byte order of their names (hidden files are left out, as editors leave them behind), or the one
// file if `path` names a file. config_missing if there is none, too_large past the bounds of policy.h.
Result<std::vector<PolicyFile>> read_policy_files(const std::string& path);

}  // namespace ct::judge
