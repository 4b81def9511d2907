// SPDX-License-Identifier: Apache-2.0
// How the guard knows a secret again without keeping it. A program may hand on its environment from a copy on its heap
// (shells, Python, Go do), under another name, or after the secret was rotated; the guard must find each such value
// before the kernel copies it to a stack. It keeps SipHash-2-4 with 128 bits of output under a key of its own for every
// value that it has delivered; key and table lie in secret memory, so that even a short secret can't be guessed from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_memory.h"

namespace ct::run {

// SipHash-2-4, 128-bit output (Aumasson and Bernstein, and their reference code). Streaming.
class SipHash128 {
public:
    using Digest = ByteArray<16>;
    explicit SipHash128(std::span<const std::uint8_t, 16> key);
    SipHash128(const SipHash128&) = delete;
    SipHash128& operator=(const SipHash128&) = delete;
    ~SipHash128();  // the state holds words of the input: wiped
    void update(ByteView bytes);
    Digest finish();

private:
    void word(std::uint64_t m);
    std::uint64_t v0_, v1_, v2_, v3_;
    std::uint64_t tail_ = 0;
    std::uint64_t length_ = 0;
};

class Fingerprints {
public:
    // secret_memory_unavailable, memlock_limit.
    static Result<Fingerprints> create(Protection protection);

    [[nodiscard]] SipHash128 hasher() const {
        return SipHash128(std::span<const std::uint8_t, 16>(pages_.front().bytes().first(16)));
    }
    // Which secret this value is or was, by the caller's number for it; `prefers` wins when several secrets are equal.
    [[nodiscard]] std::optional<std::size_t> find(std::size_t length, const SipHash128::Digest& digest,
                                                  std::optional<std::size_t> prefers) const;
    // Whether a value of this length is worth hashing.
    [[nodiscard]] bool knows_length(std::size_t length) const;
    [[nodiscard]] std::size_t longest() const { return longest_; }
    // Remembers a value of the secret `id`; the same one twice is kept once.
    Status remember(std::size_t id, ByteView value);

private:
    struct Row {
        SipHash128::Digest digest;
        std::uint32_t length;
        std::uint32_t id;
    };
    explicit Fingerprints(Protection protection) : protection_(protection) {}
    template <class F>
    void each(F visit) const;

    Protection protection_;
    std::vector<SecretMapping> pages_;  // of rows, full but for the last
    std::size_t rows_ = 1;              // the first row's place holds the key
    std::size_t longest_ = 0;
};

}  // namespace ct::run
