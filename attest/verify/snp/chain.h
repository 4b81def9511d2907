// SPDX-License-Identifier: Apache-2.0
// From the key that signed a report to a pinned root, with what AMD has revoked.
#pragma once

#include <span>
#include <vector>

#include "attest/verify/snp/amd.h"
#include "attest/verify/verifier.h"
#include "crypto/crl.h"
#include "crypto/x509.h"

namespace ct::attest::snp {

struct Chain {
    const crypto::Certificate& leaf;
    std::span<const crypto::Certificate> sent;  // came with the evidence; trusted by nothing
    const Authority& authority;
};

// Until when the chain is good; findings say what is wrong with it.
WallTime check_chain(const Chain& chain, WallTime at, std::vector<Finding>& findings);

// `crl` is AMD's list of the product, DER; empty: there is none. Until when it says so.
WallTime check_revocation(const Chain& chain, ByteView crl, WallTime at, std::vector<Finding>& findings);

}  // namespace ct::attest::snp
