// SPDX-License-Identifier: Apache-2.0
// What waits in memory, waits encrypted: AES-256-GCM under a key that is made when the process starts, lies in secret
// memory and never leaves it. Sealed bytes may lie in ordinary memory.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_arena.h"

namespace ct::crypto {

class MemorySeal {
public:
    static constexpr std::size_t kOverhead = 12 + 16;  // nonce and tag

    static Result<MemorySeal> create();

    // nonce || ciphertext || tag.
    [[nodiscard]] Result<Bytes> seal(ByteView plaintext);
    // Into exactly sealed.size() - kOverhead bytes of secret memory, which are wiped when it does not open: seal_invalid.
    [[nodiscard]] Status open(ByteView sealed, MutableBytes plaintext) const;

private:
    explicit MemorySeal(SecretBuffer key) : key_(std::move(key)) {}
    SecretBuffer key_;
    std::uint64_t sealed_ = 0;  // messages so far: the nonce, which must not repeat under one key
};

}  // namespace ct::crypto
