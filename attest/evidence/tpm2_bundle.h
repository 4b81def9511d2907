// SPDX-License-Identifier: Apache-2.0
// What node and gate tell each other about kind "tpm2", inside the opaque bodies of the release protocol. Canonical CBOR;
// docs/evidence-tpm2.md lists the fields. Decoded structures hold views into their input.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "attest/evidence/tpm_attest.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace ct::attest::tpm {

inline constexpr std::string_view kKind = "tpm2";

// Part 1 section 24: the two halves of TPM2_MakeCredential's result, without their size fields.
struct Credential {
    ByteView id_object;         // TPM2B_ID_OBJECT
    ByteView encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

struct Introduction {
    ByteView ak_public;                     // TPMT_PUBLIC
    ByteView ek_public;                     // TPMT_PUBLIC, empty if this node offers none
    std::vector<ByteView> ak_certificates;  // DER, leaf first; may be empty
    std::vector<ByteView> ek_certificates;
};
Bytes encode(const Introduction& introduction);
Result<Introduction> decode_introduction(ByteView bytes);

struct Request {
    PcrSelection pcrs;  // what to quote
    bool event_log = false;
    std::optional<Credential> credential;  // to activate; the secret goes into the evidence
};
Bytes encode(const Request& request);
Result<Request> decode_request(ByteView bytes);

struct Evidence {
    ByteView attest;     // TPMS_ATTEST
    ByteView signature;  // TPMT_SIGNATURE
    std::uint32_t pcr_mask = 0;
    std::array<ByteView, kPcrs> pcr_values;  // for each set bit of the mask
    ByteView event_log;                      // empty if none
    ByteView secret;                         // of the activated credential; empty if none was asked for
};
Bytes encode(const Evidence& evidence);
Result<Evidence> decode_evidence(ByteView bytes);

}  // namespace ct::attest::tpm
