// SPDX-License-Identifier: Apache-2.0
#include "crypto/memory.h"

#include "base/secret_arena.h"
#include "crypto/ossl.h"

namespace ct::crypto {
namespace {

// OpenSSL's own rules: nothing for a size of 0, and realloc to 0 frees.
void* take(std::size_t size, const char*, int) { return size == 0 ? nullptr : SecretArena::process().allocate(size); }

void give_back(void* block, const char*, int) { SecretArena::process().release(block); }

void* resize(void* block, std::size_t size, const char*, int) {
    if (size > 0) return SecretArena::process().reallocate(block, size);
    SecretArena::process().release(block);
    return nullptr;
}

}  // namespace

Status use_secret_arena() {
    if (CRYPTO_set_mem_functions(take, resize, give_back) != 1)
        return fail(Reason::internal, "OpenSSL has allocated memory before its allocator was set");
    // Whatever the host's openssl.cnf loads (engines, providers, other defaults) has no business with secrets. The first
    // initialisation decides, so that libcurl's wish to read it comes too late.
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1)
        return fail_ossl(Reason::internal, "OpenSSL does not start");
    return {};
}

}  // namespace ct::crypto
