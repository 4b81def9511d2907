// SPDX-License-Identifier: Apache-2.0
// ECDSA on P-256 over SHA-256 with r and s side by side: how quotes, reports and collateral are signed.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace ct::attest::tdx {

inline Status verify_raw(const crypto::PublicKey& key, ByteView message, ByteView signature) {
    CT_TRY(const Bytes der, crypto::ecdsa_to_der(signature.first(32), signature.subspan(32)));
    return key.verify(crypto::SignatureScheme::ecdsa_der, crypto::Hash::sha256, message, der);
}

}  // namespace ct::attest::tdx
