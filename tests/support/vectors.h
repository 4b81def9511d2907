// SPDX-License-Identifier: Apache-2.0
// Real evidence captured from real hardware, kept outside this repository for its size and licences. CT_VECTORS names the
// folder; without it ../shared/vectors beside the source tree is tried.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace ct::test {

// nullopt where there is no such folder: the test then skips itself and says so.
std::optional<std::string> vectors_folder();

// A file of that folder; empty with a test failure if it cannot be read.
Bytes read_vector(const std::string& name);

}  // namespace ct::test

#define CT_NEEDS_VECTORS()                                                                                             \
    if (!ct::test::vectors_folder()) GTEST_SKIP() << "feature: test vectors (CT_VECTORS)"
