// SPDX-License-Identifier: Apache-2.0
#include "support/simulated_tpm.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdlib>

namespace ct::test {
namespace {

constexpr int kBits = 2048;
constexpr std::uint32_t kAttributes = 0x00050072;  // restricted signing key that never leaves its TPM

void must(bool good) {
    if (!good) std::abort();
}

}  // namespace

SimulatedTpm::SimulatedTpm(int which) {
    static std::map<int, std::shared_ptr<EVP_PKEY>> keys;
    auto& key = keys[which];
    if (!key) key = std::shared_ptr<EVP_PKEY>(EVP_RSA_gen(kBits), EVP_PKEY_free);
    must(key != nullptr);
    key_ = key;
}

Bytes SimulatedTpm::ak_modulus() const {
    BIGNUM* n = nullptr;
    must(EVP_PKEY_get_bn_param(key_.get(), OSSL_PKEY_PARAM_RSA_N, &n) == 1);
    Bytes out(kBits / 8);
    must(BN_bn2binpad(n, out.data(), kBits / 8) == kBits / 8);
    BN_free(n);
    return out;
}

crypto::PublicKey SimulatedTpm::ak_key() const { return crypto::PublicKey::from_rsa(ak_modulus(), 65537).value(); }

Bytes SimulatedTpm::ak_public() const {
    ByteBuilder out;
    out.be16(0x0001).be16(0x000b).be32(kAttributes).tpm2b({});       // RSA, name by SHA-256, no policy
    out.be16(0x0010).be16(0x0014).be16(0x000b).be16(kBits).be32(0);  // no cipher; RSASSA, SHA-256; exponent 65537
    return out.tpm2b(ak_modulus());
}

Bytes SimulatedTpm::sign(ByteView attest) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
    Bytes signature(kBits / 8);
    std::size_t size = signature.size();
    must(EVP_DigestSign(context, signature.data(), &size, attest.data(), attest.size()) == 1);
    EVP_MD_CTX_free(context);
    return ByteBuilder().be16(0x0014).be16(0x000b).tpm2b(signature);
}

Bytes pcr_digest(const std::map<unsigned, Bytes>& pcrs) {
    Bytes all;
    for (const auto& [index, value] : pcrs)
        append(all, value);
    const Sha256 digest = crypto::sha256(all);
    return {digest.begin(), digest.end()};
}

Bytes pcr_bitmap(const std::map<unsigned, Bytes>& pcrs) {
    Bytes out(3);
    for (const auto& [index, value] : pcrs)
        out[index / 8] |= static_cast<std::uint8_t>(1U << index % 8);
    return out;
}

}  // namespace ct::test
