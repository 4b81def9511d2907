// SPDX-License-Identifier: Apache-2.0
// Hashes, MACs, key derivation and randomness, all by OpenSSL.
#pragma once

#include <initializer_list>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_arena.h"

namespace ct::crypto {

enum class Hash : std::uint8_t { sha1, sha256, sha384, sha512 };  // sha1 only to name what evidence may not use
std::size_t digest_size(Hash hash);

Bytes digest(Hash hash, std::initializer_list<ByteView> parts);
Sha256 sha256(ByteView data);
Sha512 sha512(ByteView data);

// Incremental, for inputs that stream by (an executable, an event log).
class Hasher {
public:
    explicit Hasher(Hash hash);
    Hasher(Hasher&&) noexcept;
    ~Hasher();
    void update(ByteView data);
    [[nodiscard]] Bytes finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

Bytes hmac(Hash hash, ByteView key, std::initializer_list<ByteView> parts);
// RFC 5869. Output stays in secret memory.
Result<SecretBuffer> hkdf_sha256(ByteView salt, ByteView secret, ByteView info, std::size_t size);

// True if equal; time depends on the lengths only.
bool equal_constant_time(ByteView a, ByteView b);

// Fails only if the kernel's generator does.
Status random_bytes(MutableBytes out);

}  // namespace ct::crypto
