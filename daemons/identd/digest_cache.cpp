// SPDX-License-Identifier: Apache-2.0
#include "daemons/identd/digest_cache.h"

#include <unistd.h>

#include <array>

#include "crypto/digest.h"

namespace ct::identd {

DigestCache::Key DigestCache::key_of(const struct stat& info) {
    return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
            info.st_ctim.tv_sec, info.st_ctim.tv_nsec};
}

Result<Bytes> DigestCache::digest_of(const Fd& file) {
    struct stat before {};
    if (::fstat(file.get(), &before) < 0) return fail_errno(Reason::identity_unreadable, "fstat");
    if (!S_ISREG(before.st_mode)) return fail(Reason::identity_unreadable, "the executable is no regular file");
    if (static_cast<std::uint64_t>(before.st_size) > kFileSize) return fail(Reason::too_large, "executable");
    const Key key = key_of(before);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;

    crypto::Hasher hasher(crypto::Hash::sha256);
    std::array<std::uint8_t, 64 << 10> chunk{};
    for (;;) {
        const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(Reason::identity_unreadable, "read of the executable");
        if (got == 0) break;
        hasher.update(ByteView(chunk.data(), static_cast<std::size_t>(got)));
    }
    struct stat after {};
    if (::fstat(file.get(), &after) < 0 || key_of(after) != key)
        return fail(Reason::identity_unreadable, "the executable changed while it was read");
    ++computed_;
    if (known_.size() >= kEntries) known_.clear();
    return known_.emplace(key, hasher.finish()).first->second;
}

}  // namespace ct::identd
