// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "attest/judge/enrolment.h"

namespace ct::judge {

// The [[node]] tables of all *.toml in a folder, in byte order of their names; hidden files are left out. A missing folder
// holds nobody. One file after the other, not merged: lists of several files add up.
Status add_folder(Enrolments& nodes, const std::string& folder, const FindVerifier& find = attest::find_verifier);

}  // namespace ct::judge
