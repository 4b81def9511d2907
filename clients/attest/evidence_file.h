// SPDX-License-Identifier: Apache-2.0
// What `cloudtaser-attest collect` writes: evidence of one kind with all that judging it needs. Canonical CBOR, an array of five:
// "cloudtaser/evidence/v1", kind, nonce, introduction, evidence; the last two as they travel in the release protocol.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest_tool {

inline constexpr std::string_view kEvidenceFormat = "cloudtaser/evidence/v1";
inline constexpr std::size_t kMostNonce = 64;

struct EvidenceFile {
    std::string kind;
    Bytes nonce;  // what it says to be over: only a nonce that the judge chose shows how old it is
    Bytes introduction, evidence;
};

Bytes encode(const EvidenceFile& file);
Result<EvidenceFile> decode_evidence_file(ByteView bytes);  // malformed, too_large

// SHA-512("cloudtaser/attest/v1" 0x00 | nonce): what the evidence is over. Not the nonce itself: nobody who may choose one gets
// evidence over a gate's binding value that way.
Sha512 binding_of(ByteView nonce);

}  // namespace ct::attest_tool
