// SPDX-License-Identifier: Apache-2.0
#include "base/secret_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/no_secrets.h"
#include "base/registers.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447  // x86_64; Linux 5.14
#endif

namespace ct {
namespace {

bool holds_no_secrets = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a word about the process

std::size_t round_to_pages(std::size_t size) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

Result<Fd> secret_fd(std::size_t size, Protection protection) {
    const long raw = protection == Protection::memfd_secret
                         ? ::syscall(SYS_memfd_secret, O_CLOEXEC)
                         : ::syscall(SYS_memfd_create, "cloudtaser-locked", 1U /* MFD_CLOEXEC */);
    if (raw < 0) return fail_errno(Reason::secret_memory_unavailable, "memfd_secret");
    Fd fd(static_cast<int>(raw));
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) < 0)
        return fail_errno(Reason::secret_memory_unavailable, "ftruncate of secret memory");
    return fd;
}

Result<void*> map(int fd, std::size_t size, int prot, Protection protection) {
    void* at = ::mmap(nullptr, size, prot, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {  // NOLINT: the macro's cast
        // Secret pages count against RLIMIT_MEMLOCK; the kernel says EAGAIN.
        if (errno == EAGAIN) return fail_errno(Reason::memlock_limit, "RLIMIT_MEMLOCK is too small for secret memory");
        return fail_errno(Reason::secret_memory_unavailable, "mmap of secret memory");
    }
    if (protection == Protection::locked && (::mlock(at, size) < 0 || ::madvise(at, size, MADV_DONTDUMP) < 0)) {
        auto error = fail_errno(Reason::memlock_limit, "mlock of secret memory");
        ::munmap(at, size);
        return error;
    }
    return at;
}

}  // namespace

std::string_view to_string(Protection protection) {
    return protection == Protection::memfd_secret ? "memfd_secret" : "locked";
}

Protection best_protection() {
    static const Protection found = [] {
        if (holds_no_secrets) return Protection::locked;
        const long fd = ::syscall(SYS_memfd_secret, O_CLOEXEC);
        if (fd < 0) return Protection::locked;
        ::close(static_cast<int>(fd));
        return Protection::memfd_secret;
    }();
    return found;
}

SecretMapping::SecretMapping(SecretMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      wiped_at_end_(other.wiped_at_end_) {}

SecretMapping& SecretMapping::operator=(SecretMapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(wiped_at_end_, other.wiped_at_end_);
    return *this;
}

SecretMapping::~SecretMapping() {
    if (data_ == nullptr) return;
    if (wiped_at_end_) wipe(data_, size_);
    ::munmap(data_, size_);
}

Result<SecretPage> create_secret_page(std::size_t size, Protection protection) {
    if (size == 0) return fail(Reason::invalid_argument, "secret memory of size 0");
    size = round_to_pages(size);
    CT_TRY(Fd fd, secret_fd(size, protection));
    CT_TRY(void* at, map(fd.get(), size, PROT_READ | PROT_WRITE, protection));
    return SecretPage{std::move(fd), SecretMapping(static_cast<std::uint8_t*>(at), size)};
}

void hold_no_secrets() { holds_no_secrets = true; }

Result<SecretMapping> SecretMapping::create(std::size_t size, Protection protection) {
    if (holds_no_secrets && size != 0) {
        size = round_to_pages(size);
        void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) return fail_errno(Reason::secret_memory_unavailable, "mmap");  // NOLINT: the macro's cast
        return SecretMapping(static_cast<std::uint8_t*>(at), size);
    }
    CT_TRY(SecretPage page, create_secret_page(size, protection));
    page.mapping.wiped_at_end_ = true;
    return std::move(page.mapping);
}

Result<SecretMapping> SecretMapping::map_read_only(int fd, std::size_t size) {
    if (size == 0) return fail(Reason::invalid_argument, "secret memory of size 0");
    size = round_to_pages(size);
    CT_TRY(void* at, map(fd, size, PROT_READ, Protection::memfd_secret));
    return SecretMapping(static_cast<std::uint8_t*>(at), size);
}

}  // namespace ct
