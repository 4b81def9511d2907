// SPDX-License-Identifier: Apache-2.0
// Attestation document of AWS Nitro: of an enclave's Nitro Secure Module, or of a NitroTPM. A COSE_Sign1 (RFC 9052 section 4.2)
// around a map. AWS Nitro Enclaves NSM API, docs/attestation_process.md, section 2.2; COSE in section 3.1.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

namespace ct::attest::nitro {

inline constexpr unsigned kPcrs = 32;
inline constexpr std::size_t kPcrSize = 48;         // SHA-384
inline constexpr std::size_t kScalar = 48;          // r and s of the signature, P-384
inline constexpr std::size_t kMostUserData = 1024;  // also of nonce and public key

// Whose PCRs they are. The two mean nothing of each other: a NitroTPM's owner may extend PCRs that an enclave's owner may not.
enum class Form : std::uint8_t { enclave = 0, nitrotpm = 1 };
std::string_view to_string(Form form);  // as in policies: "enclave", "nitrotpm"

// All views point into the parsed bytes.
struct Document {
    // What is signed: header and content.
    ByteView protected_header, payload;
    ByteView r, s;  // big-endian

    std::string_view module_id;   // printable ASCII: "i-0918f6c55e3b61d89-enc018aa8b8e2285d13"
    std::uint64_t timestamp = 0;  // milliseconds since 1970, by the device's clock
    Form form = Form::enclave;
    std::uint32_t pcr_mask = 0;
    std::array<ByteView, kPcrs> pcrs;  // for each set bit of the mask
    ByteView certificate;              // DER: the key that signed
    [[nodiscard]] std::span<const ByteView> cabundle() const { return {cabundle_store.data(), cabundle_count}; }
    std::array<ByteView, limits::kCertificateChain> cabundle_store;  // root first
    std::size_t cabundle_count = 0;
    // As they were asked for; nullopt for none.
    std::optional<ByteView> public_key, user_data, nonce;

    [[nodiscard]] bool has_pcr(unsigned index) const { return (pcr_mask >> index & 1) != 0; }
};

// Exactly one document, tagged or not. evidence_too_large, evidence_malformed, or evidence_wrong_type: another algorithm than
// ECDSA P-384 with SHA-384. Nothing is allocated unless it fails.
Result<Document> parse_document(ByteView bytes);

// RFC 9052 section 4.4: the bytes that r and s sign.
Bytes signed_bytes(const Document& document);

}  // namespace ct::attest::nitro
