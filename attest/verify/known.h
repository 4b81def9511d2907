// SPDX-License-Identifier: Apache-2.0
// Certificates, chains and lists, of which each is parsed and each signature verified once (memo.h).
#pragma once

#include <memory>
#include <span>

#include "attest/verify/memo.h"
#include "base/clock.h"
#include "crypto/crl.h"
#include "crypto/x509.h"

namespace ct::attest {

Result<std::shared_ptr<const crypto::Certificate>> known_certificate(Memo* memo, ByteView der);

// As crypto::verify_chain(): where signatures and flags held once, only the times are looked at again.
Status known_chain(Memo* memo, const crypto::Certificate& leaf, std::span<const crypto::Certificate> intermediates,
                   std::span<const crypto::Certificate> roots, WallTime at);

// A list that `issuer` signed; `digest` is SHA-256 of it. malformed, evidence_collateral_invalid.
Result<std::shared_ptr<const crypto::RevocationList>> known_list(Memo* memo, ByteView der, const Sha256& digest,
                                                                 const crypto::Certificate& issuer);

}  // namespace ct::attest
