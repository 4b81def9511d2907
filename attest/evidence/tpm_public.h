// SPDX-License-Identifier: Apache-2.0
// TPMT_PUBLIC of RSA and ECC keys. TCG TPM 2.0 Library, Part 2 section 12.2.4.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace ct::attest::tpm {

// TPMA_OBJECT, Part 2 section 8.3.
namespace attribute {
inline constexpr std::uint32_t kFixedTpm = 1U << 1, kFixedParent = 1U << 4, kSensitiveDataOrigin = 1U << 5,
                               kUserWithAuth = 1U << 6, kAdminWithPolicy = 1U << 7, kRestricted = 1U << 16,
                               kDecrypt = 1U << 17, kSign = 1U << 18;
}

// All views point into the parsed bytes.
struct Public {
    std::uint16_t type = 0;  // alg::kRsa or alg::kEcc
    std::uint16_t name_hash = 0;
    std::uint32_t attributes = 0;
    ByteView auth_policy;
    std::uint16_t symmetric = 0, symmetric_bits = 0, symmetric_mode = 0;  // of storage keys; alg::kNull otherwise
    std::uint16_t scheme = 0, scheme_hash = 0;                            // of signing keys; alg::kNull otherwise
    // RSA
    std::uint16_t key_bits = 0;
    std::uint32_t exponent = 0;  // as a number: the structure's 0 means 65537
    ByteView modulus;
    // ECC
    std::uint16_t curve = 0;
    ByteView x, y;

    ByteView encoded;  // the TPMT_PUBLIC itself: what a Name and a fingerprint are made over

    [[nodiscard]] bool has(std::uint32_t attributes_mask) const {
        return (attributes & attributes_mask) == attributes_mask;
    }
};

// The whole of `bytes`. evidence_too_large, evidence_malformed; other types and curves are evidence_algorithm_weak.
Result<Public> parse_public(ByteView bytes);

// Part 1 section 16: nameAlg || H_nameAlg(TPMT_PUBLIC). evidence_algorithm_weak unless nameAlg is SHA-256, -384 or -512.
Result<Bytes> name_of(const Public& key);

// How policies and tools spell a TPM key: SHA-256 of its TPMT_PUBLIC, whatever its nameAlg. For a nameAlg of SHA-256 that
// is the Name without its first two bytes (tpm2_readpublic prints "name: 000b" + this). Unlike a hash of the bare key, it
// covers the attributes.
Sha256 fingerprint_of(const Public& key);

// The key itself for OpenSSL; evidence_algorithm_weak for RSA under 2048 bits, evidence_malformed for a point off its curve.
Result<crypto::PublicKey> key_of(const Public& key);

}  // namespace ct::attest::tpm
