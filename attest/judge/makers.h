// SPDX-License-Identifier: Apache-2.0
// From a signed collateral file to what verdicts rest on.
#pragma once

#include <string_view>
#include <vector>

#include "attest/judge/policy.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace ct::judge {

// Who may sign, and how many of them must have.
struct Signers {
    std::vector<crypto::PublicKey> keys;
    std::size_t needed = 1;
};

// "ed25519:" and the 32 bytes of the public key in hexadecimal. The error says so.
Result<crypto::PublicKey> parse_signer(std::string_view text);
std::string signer_text(const crypto::PublicKey& key);

// malformed or too_large, evidence_signature_invalid. Whether it has ended is for each verdict to say: kinds that need nothing
// of it go on.
Result<Makers> open_makers(ByteView file, const Signers& signers);

}  // namespace ct::judge
