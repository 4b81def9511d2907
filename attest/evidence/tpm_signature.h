// SPDX-License-Identifier: Apache-2.0
// TPMT_SIGNATURE. TCG TPM 2.0 Library, Part 2 section 11.3.4.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tpm {

struct Signature {
    std::uint16_t scheme = 0;  // alg::kRsaSsa, kRsaPss or kEcdsa
    std::uint16_t hash = 0;
    ByteView rsa;   // for the two RSA schemes
    ByteView r, s;  // for ECDSA, big-endian
};

// The whole of `bytes`. evidence_too_large, evidence_malformed; another scheme is evidence_algorithm_weak.
Result<Signature> parse_signature(ByteView bytes);

}  // namespace ct::attest::tpm
