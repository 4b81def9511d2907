// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <openssl/rand.h>

#include <cstdlib>

#include "crypto/hkdf.h"
#include "crypto/md.h"
#include "crypto/ossl.h"

namespace ct::crypto {
namespace {

// Hashing can fail only when there is no memory left; there is no answer that would be safe to go on with.
void must(int ok) {
    if (ok != 1) std::abort();
}

}  // namespace

const EVP_MD* md_of(Hash hash) {
    switch (hash) {
        case Hash::sha1:
            return EVP_sha1();
        case Hash::sha256:
            return EVP_sha256();
        case Hash::sha384:
            return EVP_sha384();
        case Hash::sha512:
            return EVP_sha512();
    }
    std::abort();
}

std::size_t digest_size(Hash hash) { return static_cast<std::size_t>(EVP_MD_get_size(md_of(hash))); }

struct Hasher::State {
    MdCtxPtr context{EVP_MD_CTX_new()};
    std::size_t size = 0;
};

Hasher::Hasher(Hash hash) : state_(std::make_unique<State>()) {
    state_->size = digest_size(hash);
    must(EVP_DigestInit_ex(state_->context.get(), md_of(hash), nullptr));
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(ByteView data) { must(EVP_DigestUpdate(state_->context.get(), data.data(), data.size())); }

Bytes Hasher::finish() {
    Bytes out(state_->size);
    must(EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr));
    return out;
}

Bytes digest(Hash hash, std::initializer_list<ByteView> parts) {
    Hasher hasher(hash);
    for (const ByteView part : parts)
        hasher.update(part);
    return hasher.finish();
}

Sha256 sha256(ByteView data) {
    Sha256 out;
    must(EVP_Digest(data.data(), data.size(), out.data(), nullptr, EVP_sha256(), nullptr));
    return out;
}

Sha512 sha512(ByteView data) {
    Sha512 out;
    must(EVP_Digest(data.data(), data.size(), out.data(), nullptr, EVP_sha512(), nullptr));
    return out;
}

Bytes hmac(Hash hash, ByteView key, std::initializer_list<ByteView> parts) {
    Bytes out(digest_size(hash));
    hmac_into(hash, key, parts, out);
    return out;
}

bool equal_constant_time(ByteView a, ByteView b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Status random_bytes(MutableBytes out) {
    if (RAND_priv_bytes_ex(nullptr, out.data(), out.size(), 0) == 1) return {};
    return fail_ossl(Reason::internal, "random number generator");
}

}  // namespace ct::crypto
