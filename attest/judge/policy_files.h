// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "attest/judge/policy.h"

namespace ct::judge {

// All *.toml and *.pem of a folder in byte order of their names (hidden files are left out, as editors leave them behind);
// or, if `path` names a file, that file and the *.pem beside it. config_missing if there is no policy, too_large past the
// bounds of policy.h.
Result<std::vector<PolicyFile>> read_policy_files(const std::string& path);

}  // namespace ct::judge
