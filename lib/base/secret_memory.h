// SPDX-License-Identifier: Apache-2.0
// Mappings that hold plaintext. The kernel takes memfd_secret(2) pages out of its own direct map: root cannot read them
// through /proc/PID/mem, process_vm_readv or ptrace, they are never swapped and never dumped. The descriptor is the weak
// point (pidfd_getfd + mmap gives the content), so it is handed over and closed at once; the mapping stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ct {

enum class Protection : std::uint8_t {
    memfd_secret,  // out of the kernel's direct map
    locked,        // degraded: anonymous memory or memfd, mlocked, MADV_DONTDUMP; used only where policy says so
};
std::string_view to_string(Protection protection);

// Asks the kernel once whether memfd_secret works here (needs secretmem.enable=1 before Linux 6.5).
Protection best_protection();

// An owned mapping. One that is private to us is wiped before it is unmapped; one that is shared with a receiver is not, as
// the bytes are the receiver's by then (the kernel clears secret pages when the last holder lets go).
class [[nodiscard]] SecretMapping {
public:
    SecretMapping() = default;
    SecretMapping(SecretMapping&& other) noexcept;
    SecretMapping& operator=(SecretMapping&& other) noexcept;
    SecretMapping(const SecretMapping&) = delete;
    SecretMapping& operator=(const SecretMapping&) = delete;
    ~SecretMapping();

    // Private to this process: no descriptor remains. `size` in bytes, rounded up to pages.
    static Result<SecretMapping> create(std::size_t size, Protection protection);
    // Maps a page received from its maker, read-only. The caller closes the descriptor.
    static Result<SecretMapping> map_read_only(int fd, std::size_t size);

    [[nodiscard]] std::span<std::uint8_t> bytes() const { return {data_, size_}; }
    explicit operator bool() const { return data_ != nullptr; }

private:
    friend Result<struct SecretPage> create_secret_page(std::size_t, Protection);
    SecretMapping(std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    bool wiped_at_end_ = false;
};

// A page made to be given away: fill `mapping`, send `fd` to exactly one receiver with its size, drop both.
struct [[nodiscard]] SecretPage {
    Fd fd;
    SecretMapping mapping;
};
Result<SecretPage> create_secret_page(std::size_t size, Protection protection);

}  // namespace ct
