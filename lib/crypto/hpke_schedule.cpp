// SPDX-License-Identifier: Apache-2.0
#include "crypto/hpke_schedule.h"

#include <algorithm>
#include <array>

#include "base/registers.h"
#include "crypto/hkdf.h"
#include "crypto/ossl.h"

namespace ct::crypto::hpke {
namespace {

constexpr std::string_view kVersion = "HPKE-v1";
constexpr std::size_t kNonce = 12;

ByteArray<2> be16(std::size_t value) {
    return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}

// suite_id of RFC 9180 sections 4.1 and 5.1: kem 0x0020, kdf 0x0001.
constexpr ByteArray<5> kKemSuite{'K', 'E', 'M', 0x00, 0x20};
ByteArray<10> hpke_suite(Aead aead) {
    const auto id = be16(static_cast<std::uint16_t>(aead));
    return {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, id[0], id[1]};
}

// RFC 9180 section 4.
Result<SecretBuffer> labeled_extract(ByteView suite, ByteView salt, std::string_view label, ByteView secret) {
    return hkdf_extract(salt, {as_bytes(kVersion), suite, as_bytes(label), secret});
}
Result<SecretBuffer> labeled_expand(ByteView suite, ByteView key, std::string_view label, ByteView info,
                                    std::size_t size) {
    return hkdf_expand(key, {be16(size), as_bytes(kVersion), suite, as_bytes(label), info}, size);
}

std::size_t key_size(Aead aead) { return aead == Aead::aes_128_gcm ? 16 : 32; }

Result<SecretBuffer> diffie_hellman(ByteView private_key, const PublicKey& peer) {
    const PkeyPtr own(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, private_key.data(), private_key.size()));
    const PkeyPtr other(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size()));
    if (!own || !other) return fail_ossl(Reason::internal, "X25519 key");
    const PkeyCtxPtr context(EVP_PKEY_CTX_new(own.get(), nullptr));
    CT_TRY(SecretBuffer out, SecretBuffer::create(32));
    std::size_t size = out.size();
    // OpenSSL refuses an all-zero result, as section 7.1.4 wants: the peer's key has small order.
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), other.get()) != 1 ||
        EVP_PKEY_derive(context.get(), out.bytes().data(), &size) != 1 || size != out.size())
        return fail_ossl(Reason::seal_invalid, "X25519");
    return out;
}

Result<KeyPair> pair_of(SecretBuffer private_key) {
    const PkeyPtr key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, private_key.bytes().data(), private_key.size()));
    KeyPair pair;
    std::size_t size = pair.public_key.size();
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), pair.public_key.data(), &size) != 1 ||
        size != pair.public_key.size())
        return fail_ossl(Reason::internal, "X25519 public key");
    pair.private_key = std::move(private_key);
    return pair;
}

}  // namespace

Result<KeyPair> generate_key_pair() {
    CT_TRY(SecretBuffer bytes, SecretBuffer::create(32));
    CT_CHECK(random_bytes(bytes.bytes()));
    return pair_of(std::move(bytes));
}

Result<KeyPair> derive_key_pair(ByteView ikm) {
    CT_TRY(const SecretBuffer key, labeled_extract(kKemSuite, {}, "dkp_prk", ikm));
    CT_TRY(SecretBuffer bytes, labeled_expand(kKemSuite, key.bytes(), "sk", {}, 32));
    return pair_of(std::move(bytes));
}

Result<SecretBuffer> shared_secret(ByteView private_key, const PublicKey& peer, const PublicKey& encapsulated,
                                   const PublicKey& recipient) {
    const RegisterGuard guard;
    CT_TRY(const SecretBuffer dh, diffie_hellman(private_key, peer));
    std::array<std::uint8_t, 64> context{};
    std::ranges::copy(encapsulated, context.begin());
    std::ranges::copy(recipient, context.begin() + 32);
    CT_TRY(const SecretBuffer key, labeled_extract(kKemSuite, {}, "eae_prk", dh.bytes()));
    return labeled_expand(kKemSuite, key.bytes(), "shared_secret", context, 32);
}

Result<Schedule> key_schedule(ByteView shared, ByteView info, Aead aead) {
    const RegisterGuard guard;
    const auto suite = hpke_suite(aead);
    CT_TRY(const SecretBuffer psk_id_hash, labeled_extract(suite, {}, "psk_id_hash", {}));
    CT_TRY(const SecretBuffer info_hash, labeled_extract(suite, {}, "info_hash", info));
    Schedule out;
    out.context.push_back(0);  // mode_base
    append(out.context, psk_id_hash.bytes());
    append(out.context, info_hash.bytes());
    CT_TRY(out.secret, labeled_extract(suite, shared, "secret", {}));
    CT_TRY(out.key, labeled_expand(suite, out.secret.bytes(), "key", out.context, key_size(aead)));
    CT_TRY(out.base_nonce, labeled_expand(suite, out.secret.bytes(), "base_nonce", out.context, kNonce));
    return out;
}

}  // namespace ct::crypto::hpke
