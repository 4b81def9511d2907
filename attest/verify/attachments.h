// SPDX-License-Identifier: Apache-2.0
// Certificates that a policy names by file.
#pragma once

#include <string_view>
#include <vector>

#include "attest/verify/verifier.h"
#include "config/tree.h"
#include "crypto/x509.h"

namespace ct::attest {

// The member `key`: "NAME.pem", an attachment, or PEM text itself. Empty when there is no such member.
Result<std::vector<crypto::Certificate>> read_roots(const config::Node& table, std::string_view key,
                                                    const Attachments& attachments);

}  // namespace ct::attest
