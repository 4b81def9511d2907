// SPDX-License-Identifier: Apache-2.0
// Certificates and public keys, parsed and verified by OpenSSL; nothing here reads DER by hand.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/digest.h"

struct evp_pkey_st;
struct x509_st;

namespace ct::crypto {

// How a signature over a message is made; `hash` is applied by verify().
enum class SignatureScheme : std::uint8_t { rsa_pkcs1, rsa_pss, ecdsa_der };

class PublicKey {
public:
    static Result<PublicKey> from_spki_der(ByteView der);
    static Result<PublicKey> from_pem(std::string_view pem);
    // modulus big-endian, exponent as a number (TPM2B_PUBLIC_KEY_RSA).
    static Result<PublicKey> from_rsa(ByteView modulus, std::uint32_t exponent);
    // Affine coordinates, big-endian; curve "P-256", "P-384" or "P-521".
    static Result<PublicKey> from_ec(std::string_view curve, ByteView x, ByteView y);

    [[nodiscard]] Result<Bytes> spki_der() const;
    [[nodiscard]] Result<Sha256> spki_sha256() const;
    [[nodiscard]] std::size_t bits() const;
    [[nodiscard]] bool is_rsa() const;
    // evidence_signature_invalid if it does not verify. For ECDSA the signature is DER (see ecdsa_to_der).
    [[nodiscard]] Status verify(SignatureScheme scheme, Hash hash, ByteView message, ByteView signature) const;
    // RSA-OAEP with a label (TPM credential protection uses "IDENTITY\0").
    [[nodiscard]] Result<Bytes> encrypt_oaep(Hash hash, ByteView label, ByteView plaintext) const;
    [[nodiscard]] evp_pkey_st* raw() const { return key_.get(); }

private:
    friend class Certificate;
    explicit PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
    std::shared_ptr<evp_pkey_st> key_;
};

// r and s big-endian, any leading zeros, to the DER that OpenSSL verifies.
Result<Bytes> ecdsa_to_der(ByteView r, ByteView s);

class Certificate {
public:
    static Result<Certificate> from_der(ByteView der);          // no trailing bytes
    static Result<Certificate> from_pem(std::string_view pem);  // exactly one
    static Result<std::vector<Certificate>> chain_from_pem(std::string_view pem, std::size_t most);

    // One that OpenSSL parsed (the TLS handshake). malformed if its validity is unreadable.
    static Result<Certificate> adopt(std::shared_ptr<x509_st> x509);

    [[nodiscard]] Result<PublicKey> public_key() const;
    [[nodiscard]] Result<Sha256> spki_sha256() const;
    [[nodiscard]] Result<Bytes> der() const;
    [[nodiscard]] std::string subject() const;
    // CN of the subject, of the issuer; empty when there is none, or more than one.
    [[nodiscard]] std::string subject_name() const;
    [[nodiscard]] std::string issuer_name() const;
    // The content of the extension with this OID ("1.3.6.1..."), nullopt when there is none; malformed when there are two.
    [[nodiscard]] Result<std::optional<Bytes>> extension(const char* oid) const;
    // Whether it may sign certificates, in any of the ways that OpenSSL would take.
    [[nodiscard]] bool is_authority() const;
    // Whether its extended key usage names this OID; true without that extension, false where it can't be read.
    [[nodiscard]] bool may_be_used_for(const char* oid) const;
    [[nodiscard]] WallTime not_before() const { return not_before_; }
    [[nodiscard]] WallTime not_after() const { return not_after_; }
    [[nodiscard]] x509_st* raw() const { return x509_.get(); }

private:
    Certificate(std::shared_ptr<x509_st> x509, WallTime from, WallTime until)
        : x509_(std::move(x509)), not_before_(from), not_after_(until) {}
    std::shared_ptr<x509_st> x509_;
    WallTime not_before_, not_after_;
};

// Verifies leaf to one of `roots` at time `at`: signatures, validity, CA flags. A root that came with the evidence is
// never trusted: only `roots` anchor. evidence_chain_invalid or evidence_certificate_expired.
Status verify_chain(const Certificate& leaf, std::span<const Certificate> intermediates,
                    std::span<const Certificate> roots, WallTime at);

}  // namespace ct::crypto
