// SPDX-License-Identifier: Apache-2.0
// What passes between an enclave and its Nitro Secure Module: the one request that we make, and its answer. AWS Nitro Enclaves
// NSM API, src/api/mod.rs, Request and Response.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::nitro {

inline constexpr std::size_t kMostNsmRequest = 0x1000, kMostNsmResponse = 0x3000;

// Asks for a document over these; no public key.
Bytes encode_attestation_request(ByteView user_data, ByteView nonce);

// The document in the answer. evidence_device_failed with the module's own word for what is wrong.
Result<ByteView> parse_attestation_response(ByteView bytes);

}  // namespace ct::attest::nitro
