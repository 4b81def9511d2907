// SPDX-License-Identifier: Apache-2.0
// SHA-256 of executables, computed once for each state of a file. The key is what the kernel says of the inode; a write
// changes ctime, which no program can set back.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <map>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace ct::identd {

class DigestCache {
public:
    static constexpr std::size_t kEntries = 1024;        // then the cache starts anew
    static constexpr std::uint64_t kFileSize = 1 << 30;  // larger files are not hashed: too_large
    Result<Bytes> digest_of(const Fd& file);
    [[nodiscard]] std::uint64_t computed() const { return computed_; }

private:
    struct Key {
        std::uint64_t device, inode, size;
        std::int64_t mtime, mtime_ns, ctime, ctime_ns;
        auto operator<=>(const Key&) const = default;
    };
    static Key key_of(const struct stat& info);
    std::map<Key, Bytes> known_;
    std::uint64_t computed_ = 0;
};

}  // namespace ct::identd
