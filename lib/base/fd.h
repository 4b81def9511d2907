// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace ct {

// Owns one file descriptor; closes it on destruction. Moved-from and default objects hold -1.
class [[nodiscard]] Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }
    // Closes and keeps errno.
    void reset();
    // A duplicate with CLOEXEC.
    [[nodiscard]] Result<Fd> duplicate() const;

private:
    int fd_ = -1;
};

// A connected AF_UNIX stream pair, CLOEXEC.
struct SocketPair {
    Fd ours, theirs;
};
Result<SocketPair> socket_pair();

// pidfd_open(2). Fails with io_failed and errno (ESRCH when the process is gone).
Result<Fd> pidfd_open(int pid);
// The pid behind a pidfd as seen from our pid namespace, from /proc/self/fdinfo. session_ended when it is gone (-1).
Result<int> pidfd_pid(int pidfd);

// Whole-file helpers for configuration and evidence, bounded before allocation: too_large past `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);
Result<std::string> read_fd(int fd, std::size_t limit);
// All bytes, or io_failed. Retries EINTR.
Status write_all(int fd, const void* data, std::size_t size);

}  // namespace ct
