// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ct::config {

// The unit's credential of this name ($CREDENTIALS_DIRECTORY, LoadCredential= and its kin) if it has one, else `path`: keys and
// tokens are best kept encrypted. One that says "absent" and nothing else is none: by SetCredential= a unit names what need not
// be there.
std::string credential_or(const char* name, std::string path);

}  // namespace ct::config
