// SPDX-License-Identifier: Apache-2.0
// Intel's certificates: PCK certificate, its CA, the key that signs collateral, the lists that revoke them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence/tdx_pck.h"
#include "attest/verify/verifier.h"
#include "crypto/crl.h"
#include "crypto/x509.h"

namespace ct::attest::tdx {

struct PckChain {
    crypto::Certificate leaf, authority;
    Pck pck;
    std::string list;  // which of Intel's revocation lists speaks of the leaf: "platform" or "processor"
};
// From the PEM text of a quote; a root that came with it is not looked at. evidence_chain_invalid, evidence_malformed.
Result<PckChain> parse_pck_chain(std::string_view pem);

// The root that this chain leads to, whether or not in its time; nullptr if none.
const crypto::Certificate* anchor_of(const PckChain& chain, std::span<const crypto::Certificate> roots, WallTime at,
                                     Memo* memo);

// The certificate of the key that signs collateral, from PEM text that begins with it: by its name, and issued by `anchor`
// itself. evidence_collateral_invalid, evidence_collateral_expired.
Result<crypto::Certificate> parse_collateral_signer(ByteView pem);
Status check_collateral_signer(const crypto::Certificate& signer, const crypto::Certificate& anchor, WallTime at,
                               Memo* memo);

// evidence_collateral_expired.
Status check_time(const crypto::RevocationList& list, WallTime at);

}  // namespace ct::attest::tdx
