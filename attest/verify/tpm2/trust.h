// SPDX-License-Identifier: Apache-2.0
// Whether a policy trusts a key of a TPM, and until when.
#pragma once

#include <string_view>

#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_public.h"
#include "attest/verify/tpm2/policy.h"

namespace ct::attest::tpm {

struct Trust {
    std::string_view how;  // "fingerprint", "enrolment" or "certificate"
    WallTime expires;      // WallTime::max() when it rests on no certificate
};

// What may vouch for a key.
struct Anchors {
    std::span<const Sha256> keys;                // by the policy
    std::span<const crypto::Certificate> roots;  // by the policy
    std::vector<Sha256> enrolled;                // by the node's enrolment, where the policy goes by it
    // For makers whose machines do not send theirs; trusted by nothing.
    std::span<const crypto::Certificate> intermediates = {};
    // What a certificate must be for, by the OID, where it says what it is for.
    const char* purpose = nullptr;
};
// tcg-kp-EKCertificate (TCG EK Credential Profile, Extended Key Usage).
inline constexpr const char* kEkCertificate = "2.23.133.8.1";

// With the certificates that the node sent, leaf first. The error is the most telling one: evidence_key_untrusted where no
// certificate could have helped, else what is wrong with the chain.
Result<Trust> trust_key(const Public& key, std::span<const ByteView> certificates, const Anchors& anchors, WallTime at);

// The attributes that a key must have for its signature to mean anything, and for a credential to reach one TPM only.
bool is_attestation_key(const Public& key);
bool is_endorsement_key(const Public& key);

}  // namespace ct::attest::tpm
