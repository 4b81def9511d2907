// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tpm_public.h"

#include "attest/evidence/cursor.h"
#include "attest/evidence/tpm_algorithms.h"
#include "base/limits.h"

namespace ct::attest::tpm {
namespace {

constexpr std::size_t kMostPolicy = 64;
constexpr std::size_t kMostModulus = 512;
constexpr std::size_t kMostCoordinate = 66;
constexpr std::uint32_t kDefaultExponent = 65537;
constexpr unsigned kLeastRsaBits = 2048;

// TPMT_SYM_DEF_OBJECT
void take_symmetric(Cursor& in, Public& key) {
    key.symmetric = in.be16();
    if (key.symmetric == alg::kNull) return;
    key.symmetric_bits = in.be16();
    key.symmetric_mode = in.be16();
}

// TPMT_RSA_SCHEME, TPMT_ECC_SCHEME: what follows the selector depends on it.
void take_scheme(Cursor& in, Public& key) {
    key.scheme = in.be16();
    key.scheme_hash = alg::kNull;
    switch (key.scheme) {
        case alg::kNull:
        case alg::kRsaEs:
            break;
        case alg::kEcdaa:
            key.scheme_hash = in.be16();
            in.be16();  // count
            break;
        case alg::kRsaSsa:
        case alg::kRsaPss:
        case alg::kOaep:
        case alg::kEcdsa:
        case alg::kEcdh:
        case alg::kSm2:
        case alg::kEcSchnorr:
        case alg::kEcMqv:
            key.scheme_hash = in.be16();
            break;
        default:
            in.fail();
    }
}

}  // namespace

Result<Public> parse_public(ByteView bytes) {
    if (bytes.size() > limits::kTpmPublic) return fail(Reason::evidence_too_large, "TPMT_PUBLIC");
    Cursor in(bytes);
    Public key;
    key.encoded = bytes;
    key.type = in.be16();
    key.name_hash = in.be16();
    key.attributes = in.be32();
    key.auth_policy = in.tpm2b(kMostPolicy);
    if (!in.ok()) return fail(Reason::evidence_malformed, "TPMT_PUBLIC ends early");
    if (key.type != alg::kRsa && key.type != alg::kEcc) {
        return fail(Reason::evidence_algorithm_weak, "TPMT_PUBLIC: neither RSA nor ECC");
    }
    take_symmetric(in, key);
    take_scheme(in, key);
    if (key.type == alg::kRsa) {
        key.key_bits = in.be16();
        const std::uint32_t exponent = in.be32();
        key.exponent = exponent == 0 ? kDefaultExponent : exponent;
        key.modulus = in.tpm2b(kMostModulus);
        if (key.modulus.size() * 8 != key.key_bits) in.fail();
    } else {
        key.curve = in.be16();
        if (in.be16() != alg::kNull) in.be16();  // TPMT_KDF_SCHEME
        key.x = in.tpm2b(kMostCoordinate);
        key.y = in.tpm2b(kMostCoordinate);
    }
    if (!in.finished()) return fail(Reason::evidence_malformed, "TPMT_PUBLIC: not exactly one public area");
    return key;
}

Result<Bytes> name_of(const Public& key) {
    const auto hash = hash_of(key.name_hash);
    if (!hash || *hash == crypto::Hash::sha1)
        return fail(Reason::evidence_algorithm_weak, "name algorithm of a TPM key");
    Bytes name{static_cast<std::uint8_t>(key.name_hash >> 8), static_cast<std::uint8_t>(key.name_hash)};
    append(name, crypto::digest(*hash, {key.encoded}));
    return name;
}

Sha256 fingerprint_of(const Public& key) { return crypto::sha256(key.encoded); }

Result<crypto::PublicKey> key_of(const Public& key) {
    auto result = [&]() -> Result<crypto::PublicKey> {
        if (key.type == alg::kRsa) {
            if (key.key_bits < kLeastRsaBits) return fail(Reason::evidence_algorithm_weak, "RSA key under 2048 bits");
            return crypto::PublicKey::from_rsa(key.modulus, key.exponent);
        }
        switch (key.curve) {
            case curve::kP256:
                return crypto::PublicKey::from_ec("P-256", key.x, key.y);
            case curve::kP384:
                return crypto::PublicKey::from_ec("P-384", key.x, key.y);
            case curve::kP521:
                return crypto::PublicKey::from_ec("P-521", key.x, key.y);
            default:
                return fail(Reason::evidence_algorithm_weak, "curve of a TPM key");
        }
    }();
    if (!result && result.error().reason != Reason::evidence_algorithm_weak) {
        return fail(Reason::evidence_malformed, "TPMT_PUBLIC: " + result.error().context);
    }
    return result;
}

}  // namespace ct::attest::tpm
