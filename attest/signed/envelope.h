// SPDX-License-Identifier: Apache-2.0
// Files that people sign for a gate: collateral and policies. One payload, signatures of any number of them beside it, so that
// more can sign later. Canonical CBOR; docs/signed-files.md gives the layout.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace ct::attest {

struct Envelope {
    Bytes payload;
    struct Signature {
        Sha256 key{};  // SHA-256 of the signer's SubjectPublicKeyInfo
        crypto::Ed25519Signature bytes{};
    };
    std::vector<Signature> signatures;  // by key, ascending; one of each
};

inline constexpr std::size_t kMostEnvelope = 32UZ << 20;
inline constexpr std::size_t kMostSignatures = 16;

Bytes encode(const Envelope& envelope);
Result<Envelope> decode_envelope(ByteView bytes);  // malformed, too_large

// `purpose` ("collateral") is signed with the payload: a signature for one kind of file is none for another.
Status add_signature(Envelope& envelope, std::string_view purpose, const crypto::Ed25519Key& key);

// That at least `needed` different ones of `keys` have signed. A signature of another key counts for nothing; one that does
// not verify refuses the file. evidence_signature_invalid.
Status check_signatures(const Envelope& envelope, std::string_view purpose, std::span<const crypto::PublicKey> keys,
                        std::size_t needed);

}  // namespace ct::attest
