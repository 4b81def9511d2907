// SPDX-License-Identifier: Apache-2.0
// The certificates that the makers of confidential hardware are known by. README.md has their origin and fingerprints.
#pragma once

#include <string_view>

namespace ct::attest {

// PEM of attest/roots/NAME.pem; empty for a name that is none.
std::string_view maker_certificate(std::string_view name);

}  // namespace ct::attest
