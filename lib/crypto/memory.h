// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace ct::crypto {

// Points OpenSSL's allocator at SecretArena::process(), so that TLS records, keys and bignums lie in secret memory and
// are wiped when freed. Call before any other use of OpenSSL; internal if OpenSSL has allocated already.
Status use_secret_arena();

}  // namespace ct::crypto
