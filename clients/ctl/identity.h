// SPDX-License-Identifier: Apache-2.0
// Who this machine is.
#pragma once

#include <string>

#include "base/result.h"
#include "crypto/x509.h"

namespace ct::ctl {

std::string host_name();  // empty if the kernel has none

// The first certificate of a PEM file. The error names the path; sys_errno ENOENT if there is no such file.
Result<crypto::Certificate> read_certificate(const std::string& path);

}  // namespace ct::ctl
