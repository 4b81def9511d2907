// SPDX-License-Identifier: Apache-2.0
#include "base/secret_arena.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>
#include <mutex>

#include "base/registers.h"

namespace ct {
namespace {

constexpr std::size_t kChunk = 256UZ * 1024;   // secret memory is mapped in these steps
constexpr std::size_t kSmallest = 64;          // header included
constexpr std::size_t kLargest = 64UZ * 1024;  // beyond this a block has a mapping of its own
constexpr std::size_t kClasses = std::countr_zero(kLargest) - std::countr_zero(kSmallest) + 1;
constexpr std::uint64_t kLive = 0x63742d6c69766521;

struct alignas(16) Header {
    std::uint64_t mark;
    std::uint32_t size_class;  // kClasses: own mapping
    std::uint32_t unused;
    std::uint64_t size;      // as asked for
    std::uint64_t capacity;  // usable bytes behind the header
};
static_assert(sizeof(Header) == 32);

struct FreeBlock {
    FreeBlock* next;
};

Header* header_of(void* block) { return static_cast<Header*>(block) - 1; }

}  // namespace

struct SecretArena::Impl {
    explicit Impl(Protection p) : protection(p) {}

    const Protection protection;
    std::mutex mutex;
    std::array<FreeBlock*, kClasses> free{};
    std::vector<SecretMapping> chunks;
    std::uint8_t* fresh = nullptr;  // the unused end of the last chunk
    std::size_t fresh_left = 0;
    std::vector<std::pair<void*, SecretMapping>> own;  // blocks over kLargest
    std::size_t mapped = 0;
    std::size_t in_use = 0;

    void* carve(std::size_t bytes) {
        if (fresh_left < bytes) {
            auto chunk = SecretMapping::create(kChunk, protection);
            if (!chunk) return nullptr;
            fresh = chunk->bytes().data();
            fresh_left = chunk->bytes().size();
            mapped += fresh_left;
            chunks.push_back(std::move(*chunk));
        }
        void* at = fresh;
        fresh += bytes;
        fresh_left -= bytes;
        return at;
    }

    void* take_own(std::size_t size) {
        auto mapping = SecretMapping::create(size + sizeof(Header), protection);
        if (!mapping) return nullptr;
        auto* header = reinterpret_cast<Header*>(mapping->bytes().data());  // NOLINT: placement in raw memory
        *header = Header{kLive, kClasses, 0, size, mapping->bytes().size() - sizeof(Header)};
        mapped += mapping->bytes().size();
        in_use += header->capacity;
        own.emplace_back(header + 1, std::move(*mapping));
        return header + 1;
    }

    void* take(std::size_t size) {
        if (size > kLargest - sizeof(Header)) return take_own(size);
        const std::size_t whole = std::bit_ceil(std::max(size + sizeof(Header), kSmallest));
        const auto index = static_cast<std::size_t>(std::countr_zero(whole) - std::countr_zero(kSmallest));
        void* at = free[index];
        if (at != nullptr)
            free[index] = free[index]->next;
        else if (at = carve(whole); at == nullptr)
            return nullptr;
        auto* header = static_cast<Header*>(at);
        *header = Header{kLive, static_cast<std::uint32_t>(index), 0, size, whole - sizeof(Header)};
        in_use += header->capacity;
        return header + 1;
    }

    void give_back(void* block) {
        Header* header = header_of(block);
        if (header->mark != kLive) std::abort();  // double free or a foreign pointer: memory is no longer to be trusted
        in_use -= header->capacity;
        if (header->size_class == kClasses) {
            std::erase_if(own, [&](const auto& entry) {
                if (entry.first != block) return false;
                mapped -= entry.second.bytes().size();
                return true;  // SecretMapping wipes and unmaps
            });
            return;
        }
        const std::size_t index = header->size_class;
        wipe(header, sizeof(Header) + header->size);              // capacity beyond size was never handed out as usable
        auto* block_free = reinterpret_cast<FreeBlock*>(header);  // NOLINT: placement in raw memory
        block_free->next = free[index];
        free[index] = block_free;
    }
};

SecretArena::SecretArena(Protection protection) : impl_(new Impl(protection)) {}

SecretArena& SecretArena::process() {
    static SecretArena arena(best_protection());
    return arena;
}

void* SecretArena::allocate(std::size_t size) {
    const std::scoped_lock lock(impl_->mutex);
    return impl_->take(size);
}

void* SecretArena::reallocate(void* block, std::size_t size) {
    if (block == nullptr) return allocate(size);
    const std::scoped_lock lock(impl_->mutex);
    Header* header = header_of(block);
    if (header->mark != kLive) std::abort();
    if (size <= header->capacity && size >= header->size) {
        header->size = size;
        return block;
    }
    void* moved = impl_->take(size);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, block, std::min<std::size_t>(size, header->size));
    clear_vector_registers();
    impl_->give_back(block);
    return moved;
}

void SecretArena::release(void* block) {
    if (block == nullptr) return;
    const std::scoped_lock lock(impl_->mutex);
    impl_->give_back(block);
}

SecretArena::Report SecretArena::report() const {
    const std::scoped_lock lock(impl_->mutex);
    return {impl_->protection, impl_->mapped, impl_->in_use};
}

Result<SecretBuffer> SecretBuffer::create(std::size_t size) {
    if (size == 0) return SecretBuffer();
    auto* data = static_cast<std::uint8_t*>(SecretArena::process().allocate(size));
    if (data == nullptr) return fail(Reason::memlock_limit, "secret memory is exhausted");
    return SecretBuffer(data, size);
}

Result<SecretBuffer> SecretBuffer::copy_of(ByteView bytes) {
    const RegisterGuard guard;
    CT_TRY(SecretBuffer buffer, create(bytes.size()));
    if (!bytes.empty()) std::memcpy(buffer.data_, bytes.data(), bytes.size());
    return buffer;
}

void SecretBuffer::truncate(std::size_t size) {
    if (size >= size_) return;
    wipe(data_ + size, size_ - size);
    size_ = size;
}

Status SecretBuffer::append(ByteView more) {
    if (more.empty()) return {};
    const RegisterGuard guard;
    void* grown = SecretArena::process().reallocate(data_, size_ + more.size());
    if (grown == nullptr) return fail(Reason::memlock_limit, "secret memory is exhausted");
    data_ = static_cast<std::uint8_t*>(grown);
    std::memcpy(data_ + size_, more.data(), more.size());
    size_ += more.size();
    return {};
}

Result<SecretBuffer> read_secret_file(const std::string& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    struct stat info{};
    if (!fd || ::fstat(fd.get(), &info) < 0) return fail_errno(Reason::io_failed, path);
    if (!S_ISREG(info.st_mode)) return fail(Reason::invalid_argument, path + " is no regular file");
    if (static_cast<std::uint64_t>(info.st_size) > limit) return fail(Reason::too_large, path);
    CT_TRY(SecretBuffer content, SecretBuffer::create(static_cast<std::size_t>(info.st_size)));
    std::size_t have = 0;
    while (have < content.size()) {
        const ssize_t got = ::read(fd.get(), content.bytes().data() + have, content.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail_errno(Reason::io_failed, path, got < 0 ? errno : 0);
        have += static_cast<std::size_t>(got);
    }
    return content;
}

}  // namespace ct
