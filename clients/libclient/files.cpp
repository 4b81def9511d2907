// SPDX-License-Identifier: Apache-2.0
#include "clients/libclient/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "base/fd.h"

namespace ct::client {

Result<SecretBuffer> read_secret_file(const std::string& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) return fail_errno(errno == ENOENT ? Reason::config_missing : Reason::io_failed, path);
    CT_TRY(SecretBuffer out, SecretBuffer::create(limit + 1));  // read(2) goes straight into secret memory
    std::size_t have = 0;
    while (have <= limit) {
        const ssize_t n = ::read(fd.get(), out.bytes().data() + have, out.size() - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(Reason::io_failed, path);
        if (n == 0) break;
        have += static_cast<std::size_t>(n);
    }
    if (have > limit) return fail(Reason::too_large, path);
    out.truncate(have);
    return out;
}

Status write_file(const std::string& path, ByteView content, mode_t mode, Existing existing) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const std::string temporary = path + "." + std::to_string(::getpid()) + ".new";
    const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return fail_errno(Reason::io_failed, folder);
    // Made with the final mode: a key is at no time readable by others.
    const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd) return fail_errno(Reason::io_failed, temporary);
    const auto write = [&]() -> Status {
        if (::fchmod(fd.get(), mode) != 0) return fail_errno(Reason::io_failed, temporary);  // whatever the umask
        if (auto status = write_all(fd.get(), content.data(), content.size()); !status)
            return fail_errno(Reason::io_failed, temporary, status.error().sys_errno);
        if (::fsync(fd.get()) != 0) return fail_errno(Reason::io_failed, temporary);
        const unsigned flags = existing == Existing::refuse ? RENAME_NOREPLACE : 0;
        if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), flags) != 0)
            return fail_errno(Reason::io_failed, path);
        return {};
    };
    if (auto status = write(); !status) {
        ::unlink(temporary.c_str());
        return status;
    }
    if (::fsync(directory.get()) != 0) return fail_errno(Reason::io_failed, folder);
    return {};
}

}  // namespace ct::client
