// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdh.h"

#include <openssl/core_names.h>

#include "crypto/ossl.h"

namespace ct::crypto {
namespace {

using Number = Owned<BIGNUM, BN_free>;

Result<Bytes> coordinate(const EVP_PKEY* key, const char* name, std::size_t size) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return fail_ossl(Reason::internal, "point of a curve");
    const Number number(raw);
    Bytes out(size);
    if (BN_bn2binpad(number.get(), out.data(), static_cast<int>(size)) < 0)
        return fail_ossl(Reason::internal, "point of a curve");
    return out;
}

}  // namespace

Result<EphemeralEcdh> ephemeral_ecdh(const PublicKey& peer) {
    if (EVP_PKEY_is_a(peer.raw(), "EC") != 1) return fail(Reason::invalid_argument, "ECDH needs a key on a curve");
    const std::size_t size = (peer.bits() + 7) / 8;
    const PkeyCtxPtr maker(EVP_PKEY_CTX_new(peer.raw(), nullptr));  // takes over the curve
    EVP_PKEY* made = nullptr;
    if (!maker || EVP_PKEY_keygen_init(maker.get()) != 1 || EVP_PKEY_keygen(maker.get(), &made) != 1)
        return fail_ossl(Reason::internal, "ephemeral key");
    const PkeyPtr own(made);
    const PkeyCtxPtr context(EVP_PKEY_CTX_new(own.get(), nullptr));
    EphemeralEcdh out;
    CT_TRY(out.shared, SecretBuffer::create(size));
    std::size_t written = size;
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), peer.raw()) != 1 ||
        EVP_PKEY_derive(context.get(), out.shared.bytes().data(), &written) != 1 || written != size)
        return fail_ossl(Reason::internal, "ECDH");
    CT_TRY(out.x, coordinate(own.get(), OSSL_PKEY_PARAM_EC_PUB_X, size));
    CT_TRY(out.y, coordinate(own.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size));
    CT_TRY(out.peer_x, coordinate(peer.raw(), OSSL_PKEY_PARAM_EC_PUB_X, size));
    return out;
}

}  // namespace ct::crypto
