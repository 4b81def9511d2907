// SPDX-License-Identifier: Apache-2.0
#include "base/secret_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace ct {
namespace {

constexpr std::string_view kSecret = "what only this process may read";

#ifdef __SANITIZE_ADDRESS__
constexpr bool kMlockWorks = false;  // ASan turns mlock(2) into nothing
#else
constexpr bool kMlockWorks = true;
#endif

#define CT_NEEDS_MEMFD_SECRET()                                                                                        \
    if (best_protection() != Protection::memfd_secret) GTEST_SKIP() << "kernel without memfd_secret"

void fill(const SecretMapping& mapping) { std::memcpy(mapping.bytes().data(), kSecret.data(), kSecret.size()); }

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// The VmFlags line of the mapping that starts at `at`.
std::string vm_flags(const void* at) {
    std::ifstream smaps("/proc/self/smaps");
    char start[32];
    std::snprintf(start, sizeof start, "%lx-", reinterpret_cast<unsigned long>(at));  // NOLINT: the address as a number
    std::string line;
    for (bool inside = false; std::getline(smaps, line);) {
        if (line.starts_with(start)) inside = true;
        if (inside && line.starts_with("VmFlags:")) return line + " ";
    }
    return {};
}

ssize_t read_own_memory(const void* at, void* out, std::size_t size) {
    const Fd mem(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
    return ::pread(mem.get(), out, size,
                   static_cast<off_t>(reinterpret_cast<std::uintptr_t>(at)));  // NOLINT: the address as a number
}

TEST(SecretMapping, CannotBeReadThroughTheKernelEvenByItsOwner) {
    CT_NEEDS_MEMFD_SECRET();
    auto mapping = SecretMapping::create(100, Protection::memfd_secret);
    ASSERT_TRUE(mapping);
    fill(*mapping);
    char stolen[64] = {};
    EXPECT_EQ(read_own_memory(mapping->bytes().data(), stolen, kSecret.size()), -1) << stolen;
    iovec local{stolen, kSecret.size()};
    iovec remote{mapping->bytes().data(), kSecret.size()};
    EXPECT_EQ(::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0), -1) << stolen;
    // The same two ways do read ordinary memory, so the refusals above mean something.
    EXPECT_EQ(read_own_memory(kSecret.data(), stolen, kSecret.size()), static_cast<ssize_t>(kSecret.size()));
    remote = {const_cast<char*>(kSecret.data()), kSecret.size()};  // NOLINT: iovec has no const
    EXPECT_EQ(::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0), static_cast<ssize_t>(kSecret.size()));
}

TEST(SecretMapping, IsLockedAndLeftOutOfCoreDumpsInEveryProtection) {
    for (const Protection protection : {Protection::memfd_secret, Protection::locked}) {
        if (protection == Protection::memfd_secret && best_protection() != protection) continue;
        auto mapping = SecretMapping::create(1, protection);
        ASSERT_TRUE(mapping) << mapping.error().to_string();
        const std::string flags = vm_flags(mapping->bytes().data());
        if (protection == Protection::memfd_secret || kMlockWorks) {
            EXPECT_NE(flags.find(" lo "), std::string::npos) << to_string(protection) << flags;
        }
        EXPECT_NE(flags.find(" dd "), std::string::npos) << to_string(protection) << flags;
    }
}

TEST(SecretMapping, LeavesNoDescriptorBehind) {
    const std::size_t before = open_descriptors();
    auto mapping = SecretMapping::create(1, best_protection());
    ASSERT_TRUE(mapping);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(SecretMapping, RoundsUpToWholePagesAndRefusesNothing) {
    auto mapping = SecretMapping::create(4097, best_protection());
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->bytes().size(), 8192U);
    EXPECT_EQ(SecretMapping::create(0, best_protection()).error().reason, Reason::invalid_argument);
}

TEST(SecretPage, TheReceiverSeesTheContentReadOnlyAndKeepsItWhenTheMakerLetsGo) {
    auto page = create_secret_page(kSecret.size(), best_protection());
    ASSERT_TRUE(page);
    fill(page->mapping);
    auto received = SecretMapping::map_read_only(page->fd.get(), kSecret.size());
    ASSERT_TRUE(received);
    EXPECT_EQ(std::memcmp(received->bytes().data(), kSecret.data(), kSecret.size()), 0);
    EXPECT_EQ(vm_flags(received->bytes().data()).find(" wr "), std::string::npos);
    {
        const SecretPage dropped = std::move(*page);
    }  // the maker's side ends
    EXPECT_EQ(std::memcmp(received->bytes().data(), kSecret.data(), kSecret.size()), 0);
}

TEST(SecretPage, ItsDescriptorCannotBeReadOnlyMapped) {
    CT_NEEDS_MEMFD_SECRET();
    auto page = create_secret_page(kSecret.size(), Protection::memfd_secret);
    ASSERT_TRUE(page);
    fill(page->mapping);
    char stolen[64];
    EXPECT_EQ(::pread(page->fd.get(), stolen, sizeof stolen, 0), -1);
    EXPECT_NE(::fcntl(page->fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(SecretMapping, MovesWithoutLosingOrDoublingThePages) {
    auto a = SecretMapping::create(1, best_protection());
    ASSERT_TRUE(a);
    fill(*a);
    const void* at = a->bytes().data();
    SecretMapping b = std::move(*a);
    EXPECT_EQ(b.bytes().data(), at);
    EXPECT_FALSE(*a);
    SecretMapping c;
    c = std::move(b);
    EXPECT_EQ(c.bytes().data(), at);
    EXPECT_EQ(std::memcmp(c.bytes().data(), kSecret.data(), kSecret.size()), 0);
}

TEST(SecretMapping, SaysWhichLimitIsTooSmall) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const rlimit one_page{4096, 4096};
        // Root's CAP_IPC_LOCK would lift the limit.
        if (::setrlimit(RLIMIT_MEMLOCK, &one_page) != 0 || (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0))
            ::_exit(2);
        auto fits = SecretMapping::create(4096, best_protection());
        auto over = SecretMapping::create(64 * 1024, best_protection());
        ::_exit(fits && !over && over.error().reason == Reason::memlock_limit ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ct
