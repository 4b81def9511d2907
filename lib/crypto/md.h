// SPDX-License-Identifier: Apache-2.0
// Private to this folder: OpenSSL's object for a Hash.
#pragma once

#include <openssl/evp.h>

#include "crypto/digest.h"

namespace ct::crypto {

const EVP_MD* md_of(Hash hash);

}  // namespace ct::crypto
