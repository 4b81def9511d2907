// SPDX-License-Identifier: Apache-2.0
// SHA-256 of executables, computed once for each state of a file, a slice a turn of the loop. The key is what the kernel says
// of the inode; a write changes ctime, which no program can set back.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "loop/event.h"

namespace ct::identd {

struct FileKey {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t mtime = 0, mtime_ns = 0, ctime = 0, ctime_ns = 0;
    auto operator<=>(const FileKey&) const = default;
};
FileKey key_of(const struct stat& info);

class Digests {
public:
    static constexpr std::size_t kKnown = 1024;          // remembered; then the memory starts anew
    static constexpr std::size_t kJobs = 256;            // files being read at once
    static constexpr std::uint64_t kFileSize = 1 << 30;  // larger files are refused: too_large
    static constexpr std::size_t kSlice = 4 << 20;       // read in one turn

    using Done = std::function<void(Result<Bytes>)>;

    explicit Digests(EventLoop& loop) : loop_(loop) {}
    // `done` gets the 32 bytes, at once if they are known. identity_unreadable when the file is none, fails, or changes
    // while it is read; quota_exceeded. Many who ask for the same file at the same time wait for one reading.
    void of(Fd file, Done done);
    [[nodiscard]] std::uint64_t computed() const { return computed_; }

private:
    struct Job {
        Fd file;
        crypto::Hasher hasher{crypto::Hash::sha256};
        std::vector<Done> waiting;
        Source turn;
    };
    Status start(const FileKey& key, Fd file, Done& done);
    void turn(const FileKey& key);
    void finish(const FileKey& key, const Result<Bytes>& result);

    EventLoop& loop_;
    std::map<FileKey, Bytes> known_;
    std::map<FileKey, Job> jobs_;
    std::uint64_t computed_ = 0;
};

}  // namespace ct::identd
