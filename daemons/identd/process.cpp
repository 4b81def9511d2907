// SPDX-License-Identifier: Apache-2.0
#include "daemons/identd/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <memory>

#include "codec/utf8.h"

namespace ct::identd {
namespace {

std::string folder_of(int pid) { return "/proc/" + std::to_string(pid); }

// "Uid:\treal\teffective\tsaved\tfs" -> effective.
Result<std::uint32_t> effective_id(const std::string& status, std::string_view key) {
    const auto at = status.find("\n" + std::string(key) + ":\t");
    if (at == std::string::npos)
        return fail(Reason::identity_unreadable, "/proc/PID/status has no " + std::string(key));
    const auto second = status.find('\t', at + key.size() + 3);
    std::uint32_t value = 0;
    if (second == std::string::npos ||
        std::from_chars(status.data() + second + 1, status.data() + status.size(), value).ec != std::errc{})
        return fail(Reason::identity_unreadable, "/proc/PID/status is malformed");
    return value;
}

Status read_ids(Process& process) {
    const std::string path = folder_of(static_cast<int>(process.pid)) + "/status";
    const auto status = read_file(path, 64 << 10);
    // Gone between the pidfd and here: the same as gone before.
    if (!status && (status.error().sys_errno == ENOENT || status.error().sys_errno == ESRCH))
        return fail(Reason::session_ended, "the process is gone");
    if (!status) return fail_errno(Reason::identity_unreadable, path, status.error().sys_errno);
    CT_TRY(process.uid, effective_id(*status, "Uid"));
    CT_TRY(process.gid, effective_id(*status, "Gid"));
    return {};
}

std::string unit_of(int pid) {
    char* unit = nullptr;
    if (::sd_pid_get_unit(pid, &unit) < 0) return {};
    const std::unique_ptr<char, decltype(&std::free)> owned(unit, std::free);
    return owned.get();
}

// Paths are bytes; D-Bus strings and journals are text.
std::string printable(std::string_view path) {
    if (printable_utf8(path)) return std::string(path);
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '\\')
            out += c;
        else
            out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
    return out;
}

std::string executable_of(int pid) {
    std::array<char, PATH_MAX> text{};
    const ssize_t size = ::readlink((folder_of(pid) + "/exe").c_str(), text.data(), text.size());
    return size > 0 ? printable({text.data(), static_cast<std::size_t>(size)}) : std::string();
}

// Through the kernel's own reference: also a file that was deleted or replaced since it was started.
Fd open_executable(int pid) {
    return Fd(::open((folder_of(pid) + "/exe").c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

bool same_file(int a, int b) {
    struct stat one{}, two{};
    return ::fstat(a, &one) == 0 && ::fstat(b, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

// A pidfd turns readable when its process has ended.
Status still_there(const Fd& pidfd) {
    pollfd entry{pidfd.get(), POLLIN, 0};
    if (::poll(&entry, 1, 0) != 0) return fail(Reason::session_ended, "the process is gone");
    return {};
}

}  // namespace

Result<Look> look_at(const Fd& pidfd) {
    CT_TRY(const int pid, pidfd_pid(pidfd.get()));
    Look look;
    look.process.pid = static_cast<std::uint32_t>(pid);
    CT_CHECK(read_ids(look.process));
    look.process.unit = unit_of(pid);
    look.process.executable = executable_of(pid);
    look.file = open_executable(pid);
    CT_CHECK(still_there(pidfd));
    return look;
}

Status confirm(const Fd& pidfd, const Look& look) {
    const int pid = static_cast<int>(look.process.pid);
    Process now;
    now.pid = look.process.pid;
    CT_CHECK(read_ids(now));
    const bool same_user = now.uid == look.process.uid && now.gid == look.process.gid;
    bool same_program = executable_of(pid) == look.process.executable;
    if (look.file) {
        const Fd file = open_executable(pid);
        same_program = file && same_file(file.get(), look.file.get());
    }
    // Last, so that all of the above was read while the process lived.
    CT_CHECK(still_there(pidfd));
    if (!same_user || !same_program)
        return fail(Reason::identity_unreadable, "the process became another program or user while it was looked at");
    return {};
}

}  // namespace ct::identd
