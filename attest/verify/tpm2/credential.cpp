// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm2/credential.h"

#include "attest/evidence/tpm_algorithms.h"
#include "crypto/cfb.h"
#include "crypto/digest.h"
#include "crypto/ecdh.h"

namespace ct::attest::tpm {
namespace {

constexpr ByteArray<1> kZero{0};
constexpr ByteArray<9> kIdentityLabel{'I', 'D', 'E', 'N', 'T', 'I', 'T', 'Y', 0};

ByteArray<4> be32(std::size_t value) {
    return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
            static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

void append_tpm2b(Bytes& out, ByteView content) {
    out.push_back(static_cast<std::uint8_t>(content.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(content.size()));
    append(out, content);
}

// How the seed reaches the TPM, by the kind of its endorsement key.
struct Transport {
    Bytes seed, encrypted;
};

Result<Transport> transport_rsa(const crypto::PublicKey& ek, crypto::Hash hash, ByteView seed) {
    CT_TRY(Bytes encrypted, ek.encrypt_oaep(hash, kIdentityLabel, seed));
    return Transport{to_vector(seed), std::move(encrypted)};
}

Result<Transport> transport_ecc(const crypto::PublicKey& ek, crypto::Hash hash) {
    CT_TRY(const auto ecdh, crypto::ephemeral_ecdh(ek));
    Transport out;
    out.seed = kdf_e(hash, ecdh.shared.bytes(), "IDENTITY", ecdh.x, ecdh.peer_x, crypto::digest_size(hash) * 8);
    append_tpm2b(out.encrypted, ecdh.x);  // TPMS_ECC_POINT
    append_tpm2b(out.encrypted, ecdh.y);
    return out;
}

}  // namespace

Bytes kdf_a(crypto::Hash hash, ByteView key, std::string_view label, ByteView context_u, ByteView context_v,
            std::size_t bits) {
    Bytes out;
    for (std::size_t counter = 1; out.size() < bits / 8; ++counter) {
        append(out, crypto::hmac(hash, key, {be32(counter), as_bytes(label), kZero, context_u, context_v, be32(bits)}));
    }
    out.resize(bits / 8);
    return out;
}

Bytes kdf_e(crypto::Hash hash, ByteView z, std::string_view label, ByteView party_u, ByteView party_v,
            std::size_t bits) {
    Bytes out;
    for (std::size_t counter = 1; out.size() < bits / 8; ++counter) {
        append(out, crypto::digest(hash, {be32(counter), z, as_bytes(label), kZero, party_u, party_v}));
    }
    out.resize(bits / 8);
    return out;
}

Result<MadeCredential> make_credential(const Public& ek, ByteView ak_name, ByteView secret, ByteView seed) {
    const auto hash = hash_of(ek.name_hash);
    if (!hash || *hash == crypto::Hash::sha1) {
        return fail(Reason::evidence_algorithm_weak, "name algorithm of the endorsement key");
    }
    const std::size_t size = crypto::digest_size(*hash);
    if (secret.size() > size || seed.size() != size) return fail(Reason::invalid_argument, "credential's size");
    if (ek.symmetric != alg::kAes || ek.symmetric_mode != alg::kCfb) {
        return fail(Reason::evidence_algorithm_weak, "the endorsement key protects nothing with AES-CFB");
    }
    CT_TRY(const auto key, key_of(ek));
    CT_TRY(const auto transport, ek.type == alg::kRsa ? transport_rsa(key, *hash, seed) : transport_ecc(key, *hash));

    const Bytes cipher_key = kdf_a(*hash, transport.seed, "STORAGE", ak_name, {}, ek.symmetric_bits);
    const Bytes mac_key = kdf_a(*hash, transport.seed, "INTEGRITY", {}, {}, size * 8);
    Bytes identity;
    append_tpm2b(identity, secret);
    CT_TRY(const Bytes encrypted_identity, crypto::aes_cfb_encrypt(cipher_key, identity));

    MadeCredential made;
    append_tpm2b(made.id_object, crypto::hmac(*hash, mac_key, {encrypted_identity, ak_name}));
    append(made.id_object, encrypted_identity);
    made.encrypted_secret = transport.encrypted;
    return made;
}

}  // namespace ct::attest::tpm
