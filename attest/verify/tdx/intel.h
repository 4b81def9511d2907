// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "crypto/x509.h"

namespace ct::attest::tdx {

// Intel SGX Root CA: the only anchor of real evidence and of Intel's collateral.
std::span<const crypto::Certificate> intel_roots();

}  // namespace ct::attest::tdx
