// SPDX-License-Identifier: Apache-2.0
// Identities of nodes and gates: a P-256 key and a self-signed certificate over it. The other side pins the key's SPKI
// hash, so nothing in the certificate is trusted but its validity; there is no authority.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret_arena.h"

namespace ct::crypto {

struct MadeIdentity {
    std::string certificate_pem;
    SecretBuffer key_pem;  // PKCS #8 (RFC 5958), unencrypted
    Sha256 spki{};         // the pin
};

// `name` becomes the common name: 1 to 64 printable ASCII characters (RFC 5280 appendix A, ub-common-name). The validity
// is kept in whole seconds. invalid_argument for a bad name or a validity that ends before it begins.
Result<MadeIdentity> make_identity(std::string_view name, WallTime not_before, WallTime not_after);

// The same for a key that exists, to renew a certificate without changing the pin.
Result<MadeIdentity> renew_identity(ByteView key_pem, std::string_view name, WallTime not_before, WallTime not_after);

}  // namespace ct::crypto
