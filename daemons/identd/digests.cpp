// SPDX-License-Identifier: Apache-2.0
#include "daemons/identd/digests.h"

#include <unistd.h>

#include <array>
#include <utility>

namespace ct::identd {

FileKey key_of(const struct stat& info) {
    return {info.st_dev,         info.st_ino,          static_cast<std::uint64_t>(info.st_size),
            info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec,
            info.st_ctim.tv_nsec};
}

void Digests::of(Fd file, Done done) {
    struct stat info{};
    if (::fstat(file.get(), &info) < 0) return done(fail_errno(Reason::identity_unreadable, "fstat"));
    if (!S_ISREG(info.st_mode)) return done(fail(Reason::identity_unreadable, "the executable is no regular file"));
    if (static_cast<std::uint64_t>(info.st_size) > kFileSize)
        return done(fail(Reason::too_large, "executable over 1 GiB"));
    const FileKey key = key_of(info);
    if (const auto known = known_.find(key); known != known_.end()) return done(known->second);
    if (const auto job = jobs_.find(key); job != jobs_.end()) {
        job->second.waiting.push_back(std::move(done));
        return;
    }
    if (const auto started = start(key, std::move(file), done); !started) done(std::unexpected(started.error()));
}

Status Digests::start(const FileKey& key, Fd file, Done& done) {
    if (jobs_.size() >= kJobs) return fail(Reason::quota_exceeded, "too many executables are being read");
    CT_TRY(Source source, loop_.add_defer([this, key] { turn(key); }));
    Job job;
    job.file = std::move(file);
    job.turn = std::move(source);
    job.waiting.push_back(std::move(done));
    jobs_.emplace(key, std::move(job));
    return {};
}

void Digests::turn(const FileKey& key) {
    Job& job = jobs_.at(key);
    std::array<std::uint8_t, 64 << 10> chunk{};
    for (std::size_t done = 0; done < kSlice;) {
        const ssize_t got = ::read(job.file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return finish(key, fail_errno(Reason::identity_unreadable, "read of the executable"));
        if (got == 0) {
            struct stat after{};
            if (::fstat(job.file.get(), &after) < 0 || key_of(after) != key)
                return finish(key, fail(Reason::identity_unreadable, "the executable changed while it was read"));
            ++computed_;
            if (known_.size() >= kKnown) known_.clear();
            return finish(key, known_.emplace(key, job.hasher.finish()).first->second);
        }
        job.hasher.update(ByteView(chunk.data(), static_cast<std::size_t>(got)));
        done += static_cast<std::size_t>(got);
    }
    auto next = loop_.add_defer([this, key] { turn(key); });
    if (!next) return finish(key, std::unexpected(next.error()));
    job.turn = std::move(*next);
}

void Digests::finish(const FileKey& key, const Result<Bytes>& result) {
    const auto job = jobs_.extract(key);
    for (const auto& done : job.mapped().waiting)
        done(result);
}

}  // namespace ct::identd
