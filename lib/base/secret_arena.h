// SPDX-License-Identifier: Apache-2.0
// The heap of the plaintext path. Everything that may hold a secret on its way (TLS records, HTTP bodies, JSON, tokens)
// is allocated here: the arena lies in secret memory and wipes each block when it is freed. OpenSSL and libcurl are
// pointed at it when a daemon starts (crypto/memory.h, http/memory.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_memory.h"

namespace ct {

class SecretArena {
public:
    // The arena of this process, made at the first call with best_protection(). One a process, for the C hooks of
    // OpenSSL and libcurl carry no context.
    static SecretArena& process();

    SecretArena(const SecretArena&) = delete;
    SecretArena& operator=(const SecretArena&) = delete;

    // malloc(3) contract: 16-byte aligned, nullptr when secret memory is exhausted (RLIMIT_MEMLOCK).
    [[nodiscard]] void* allocate(std::size_t size);
    // Content is moved and the old block wiped, as realloc(3).
    [[nodiscard]] void* reallocate(void* block, std::size_t size);
    // Wipes, then frees. nullptr is fine.
    void release(void* block);

    struct Report {
        Protection protection;
        std::size_t mapped;  // bytes of secret memory held
        std::size_t in_use;  // bytes handed out
    };
    [[nodiscard]] Report report() const;

private:
    explicit SecretArena(Protection protection);
    struct Impl;
    Impl* impl_;  // never freed: blocks may be released by atexit handlers
};

// Owns secret bytes in the arena. Move-only; wiped on destruction. Comparisons are crypto/digest.h's business.
class [[nodiscard]] SecretBuffer {
public:
    SecretBuffer() = default;
    // Uninitialised bytes.
    static Result<SecretBuffer> create(std::size_t size);
    static Result<SecretBuffer> copy_of(ByteView bytes);
    SecretBuffer(SecretBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    SecretBuffer& operator=(SecretBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    SecretBuffer(const SecretBuffer&) = delete;
    SecretBuffer& operator=(const SecretBuffer&) = delete;
    ~SecretBuffer() { SecretArena::process().release(data_); }

    [[nodiscard]] MutableBytes bytes() { return {data_, size_}; }
    [[nodiscard]] ByteView bytes() const { return {data_, size_}; }
    [[nodiscard]] std::string_view text() const { return as_text(bytes()); }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    // Cuts to the first `size` bytes and wipes the rest.
    void truncate(std::size_t size);
    [[nodiscard]] Status append(ByteView more);

private:
    SecretBuffer(std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

// A file that holds a key or a token, read without a stop in ordinary memory; too_large past `limit` bytes.
Result<SecretBuffer> read_secret_file(const std::string& path, std::size_t limit);

// For containers on the plaintext path: std::vector<char, SecretAllocator<char>>. Ends the process when secret memory is
// exhausted, as the standard containers know no other way than to throw.
template <class T>
struct SecretAllocator {
    using value_type = T;
    SecretAllocator() = default;
    template <class U>
    SecretAllocator(const SecretAllocator<U>&) {}  // NOLINT: containers rebind implicitly
    T* allocate(std::size_t n) {
        void* block = SecretArena::process().allocate(n * sizeof(T));
        if (block == nullptr) std::abort();
        return static_cast<T*>(block);
    }
    void deallocate(T* block, std::size_t) { SecretArena::process().release(block); }
    friend bool operator==(SecretAllocator, SecretAllocator) { return true; }
};
using SecretString = std::basic_string<char, std::char_traits<char>, SecretAllocator<char>>;

// Gives its block back, which wipes it; to assign an empty string would keep the block, and all but its first byte.
inline void discard(SecretString& secret) { SecretString().swap(secret); }

}  // namespace ct
