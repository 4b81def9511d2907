// SPDX-License-Identifier: Apache-2.0
#include "crypto/initialise.h"

#include <openssl/crypto.h>

#include <array>

#include "crypto/digest.h"
#include "crypto/ossl.h"

namespace ct::crypto {

Status initialise() {
    constexpr std::uint64_t kAll = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
                                   OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS;
    if (OPENSSL_init_crypto(kAll, nullptr) != 1) return fail_ossl(Reason::internal, "OpenSSL does not start");
    // The generator's first use seeds it.
    std::array<std::uint8_t, 1> byte{};
    return random_bytes(byte);
}

}  // namespace ct::crypto
