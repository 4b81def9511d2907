// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

namespace ct {

void Fd::reset() {
    if (fd_ < 0) return;
    const int saved = errno;
    ::close(fd_);
    fd_ = -1;
    errno = saved;
}

Result<Fd> Fd::duplicate() const {
    const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return fail_errno(Reason::io_failed, "dup");
    return Fd(copy);
}

Result<SocketPair> socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(Reason::io_failed, "socketpair");
    return SocketPair{Fd(ends[0]), Fd(ends[1])};
}

Result<Fd> pidfd_open(int pid) {
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) return fail_errno(Reason::io_failed, "pidfd_open");
    return Fd(fd);
}

Result<int> pidfd_pid(int pidfd) {
    CT_TRY(const std::string info, read_file("/proc/self/fdinfo/" + std::to_string(pidfd), 4096));
    const std::string_view key = "\nPid:\t";
    const auto at = info.find(key);
    if (at == std::string::npos) return fail(Reason::caller_mismatch, "not a pidfd");
    int pid = 0;
    const char* first = info.data() + at + key.size();
    if (std::from_chars(first, info.data() + info.size(), pid).ec != std::errc{})
        return fail(Reason::caller_mismatch, "unreadable pidfd");
    if (pid <= 0) return fail(Reason::session_ended, "the process is gone");
    return pid;
}

Result<std::string> read_fd(int fd, std::size_t limit) {
    std::string out;
    char chunk[16384];
    for (;;) {
        const ssize_t n = ::read(fd, chunk, sizeof chunk);
        if (n < 0) {
            if (errno == EINTR) continue;
            return fail_errno(Reason::io_failed, "read");
        }
        if (n == 0) return out;
        if (out.size() + static_cast<std::size_t>(n) > limit) return fail(Reason::too_large, "file over its limit");
        out.append(chunk, static_cast<std::size_t>(n));
    }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) return fail_errno(Reason::io_failed, path);
    auto content = read_fd(fd.get(), limit);
    if (!content) return fail_errno(content.error().reason, path, content.error().sys_errno);
    return content;
}

Status write_all(int fd, const void* data, std::size_t size) {
    const char* at = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t n = ::write(fd, at, size);
        if (n < 0) {
            if (errno == EINTR) continue;
            return fail_errno(Reason::io_failed, "write");
        }
        at += n;
        size -= static_cast<std::size_t>(n);
    }
    return {};
}

}  // namespace ct
