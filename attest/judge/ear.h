// SPDX-License-Identifier: Apache-2.0
// A decision as an EAT Attestation Result (draft-ietf-rats-ear, JWT form), for relying parties that know nothing of us. The
// trustworthiness claims and their numbers are those of draft-ietf-rats-ar4si, section "Specific Claims". docs/ear.md has the
// table of reasons and shows how to check one with any JWT library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attest/judge/decision.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/jws.h"

namespace ct::judge {

enum class TrustClaim : std::uint8_t {
    configuration,
    executables,
    file_system,
    hardware,
    instance_identity,
    runtime_opaque,
    sourced_data,
    storage_opaque
};
std::string_view to_string(TrustClaim claim);  // "instance-identity"

enum class Tier : std::uint8_t { none, affirming, warning, contraindicated };  // from good to bad
Tier tier_of(std::int8_t value);
std::string_view to_string(Tier tier);

// What a finding says in the words of AR4SI. Total; always contraindicated, because a finding is a refusal.
struct TrustValue {
    TrustClaim claim;
    std::int8_t value;
    bool operator==(const TrustValue&) const = default;
};
TrustValue trust_value(Reason reason);

// What a result says beside its decision.
struct EarFacts {
    std::string record = {};         // id of the audit record, if there is one
    std::string record_sha256 = {};  // hex, of its file
    Bytes nonce = {};   // what the evidence had to be over; too short or too long for an EAT nonce is left out
    bool fresh = true;  // false: nobody asked for this evidence, so it may be of any age
};

// The worst status of its submodules.
Tier ear_status(const Decision& decision, const EarFacts& facts);

// The claims: sorted keys, no white space, the same bytes for the same decision.
std::string ear_claims(const Decision& decision, const EarFacts& facts);

// The claims as a JWT in compact form. `kid` is the SHA-256 of the key's SubjectPublicKeyInfo in base64url.
Result<std::string> sign_ear(std::string_view claims, const crypto::JwsKey& key);
// The claims of a token of ours. malformed, too_large, evidence_signature_invalid.
Result<std::string> open_ear(std::string_view token, const crypto::PublicKey& key);

}  // namespace ct::judge
