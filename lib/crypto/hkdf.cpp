// SPDX-License-Identifier: Apache-2.0
#include "crypto/hkdf.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/registers.h"
#include "crypto/md.h"
#include "crypto/ossl.h"

namespace ct::crypto {
namespace {

class Hmac {
public:
    Hmac(Hash hash, ByteView key) {
        // Fetched once: a fetch costs more than the MAC of a short input. Never freed, as exit handlers may still use it.
        static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
        context_.reset(EVP_MAC_CTX_new(algorithm));
        // OpenSSL does not write through the parameter, whatever its type says.
        auto* name = const_cast<char*>(EVP_MD_get0_name(md_of(hash)));  // NOLINT: see above
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                         OSSL_PARAM_construct_end()};
        static constexpr std::uint8_t empty = 0;  // a null key would mean "keep the last one"
        const std::uint8_t* at = key.empty() ? &empty : key.data();
        must(context_ != nullptr && EVP_MAC_init(context_.get(), at, key.size(), parameters) == 1);
    }
    void update(ByteView part) { must(EVP_MAC_update(context_.get(), part.data(), part.size()) == 1); }
    void finish(MutableBytes out) {
        std::size_t written = 0;
        must(EVP_MAC_final(context_.get(), out.data(), &written, out.size()) == 1 && written == out.size());
    }

private:
    // Fails only without memory; there is no answer that would be safe to go on with.
    static void must(bool ok) {
        if (!ok) std::abort();
    }
    MacCtxPtr context_;
};

constexpr std::size_t kDigest = 32;

}  // namespace

void hmac_into(Hash hash, ByteView key, std::initializer_list<ByteView> parts, MutableBytes out) {
    Hmac mac(hash, key);
    for (const ByteView part : parts)
        mac.update(part);
    mac.finish(out);
}

Result<SecretBuffer> hkdf_extract(ByteView salt, std::initializer_list<ByteView> secret) {
    const RegisterGuard guard;
    CT_TRY(SecretBuffer out, SecretBuffer::create(kDigest));
    // No salt means a digest's length of zeros, and HMAC pads a short key with zeros: the same key.
    hmac_into(Hash::sha256, salt, secret, out.bytes());
    return out;
}

Result<SecretBuffer> hkdf_expand(ByteView key, std::initializer_list<ByteView> info, std::size_t size) {
    if (size > 255 * kDigest) return fail(Reason::invalid_argument, "HKDF output too long");
    const RegisterGuard guard;
    CT_TRY(SecretBuffer out, SecretBuffer::create(size));
    CT_TRY(SecretBuffer block, SecretBuffer::create(kDigest));
    std::size_t done = 0;
    for (std::uint8_t counter = 1; done < size; ++counter) {
        Hmac mac(Hash::sha256, key);
        if (counter > 1) mac.update(block.bytes());
        for (const ByteView part : info)
            mac.update(part);
        mac.update({&counter, 1});
        mac.finish(block.bytes());
        const std::size_t part = std::min(kDigest, size - done);
        std::memcpy(out.bytes().data() + done, block.bytes().data(), part);
        done += part;
    }
    return out;
}

Result<SecretBuffer> hkdf_sha256(ByteView salt, ByteView secret, ByteView info, std::size_t size) {
    CT_TRY(const SecretBuffer key, hkdf_extract(salt, {secret}));
    return hkdf_expand(key.bytes(), {info}, size);
}

}  // namespace ct::crypto
