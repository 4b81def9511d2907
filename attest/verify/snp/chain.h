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
WallTime check_chain(const Chain& chain, WallTime at, Memo* memo, std::vector<Finding>& findings);

// AMD's list of the product. Until when it says so.
struct RevocationItem {
    ByteView der;  // empty: there is none
    Sha256 digest{};
};
WallTime check_revocation(const Chain& chain, const RevocationItem& crl, WallTime at, Memo* memo,
                          std::vector<Finding>& findings);

}  // namespace ct::attest::snp
