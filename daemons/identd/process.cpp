// SPDX-License-Identifier: Apache-2.0
#include "daemons/identd/process.h"

#include <fcntl.h>
#include <poll.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <memory>

namespace ct::identd {
namespace {

// A pidfd turns readable when its process has ended.
Status still_there(const Fd& pidfd) {
    pollfd entry{pidfd.get(), POLLIN, 0};
    if (::poll(&entry, 1, 0) != 0) return fail(Reason::session_ended, "the process is gone");
    return {};
}

// "Uid:\treal\teffective\tsaved\tfs" -> effective.
Result<std::uint32_t> effective_id(const std::string& status, std::string_view key) {
    const auto at = status.find("\n" + std::string(key) + ":\t");
    if (at == std::string::npos) return fail(Reason::identity_unreadable, "/proc/PID/status has no " + std::string(key));
    const auto second = status.find('\t', at + key.size() + 3);
    std::uint32_t value = 0;
    if (second == std::string::npos ||
        std::from_chars(status.data() + second + 1, status.data() + status.size(), value).ec != std::errc{})
        return fail(Reason::identity_unreadable, "/proc/PID/status is malformed");
    return value;
}

std::string unit_of(int pid) {
    char* unit = nullptr;
    if (::sd_pid_get_unit(pid, &unit) < 0) return {};
    const std::unique_ptr<char, decltype(&std::free)> owned(unit, std::free);
    return owned.get();
}

std::string link_text(const std::string& path) {
    std::array<char, PATH_MAX> text{};
    const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

Result<Process> describe(const Fd& pidfd, DigestCache& cache) {
    CT_TRY(const int pid, pidfd_pid(pidfd.get()));
    const std::string folder = "/proc/" + std::to_string(pid);
    Process process;
    process.pid = static_cast<std::uint32_t>(pid);
    auto status = read_file(folder + "/status", 64 << 10);
    if (!status) return fail_errno(Reason::identity_unreadable, folder + "/status", status.error().sys_errno);
    CT_TRY(process.uid, effective_id(*status, "Uid"));
    CT_TRY(process.gid, effective_id(*status, "Gid"));
    process.unit = unit_of(pid);
    process.executable = link_text(folder + "/exe");
    // Opened through the kernel's own reference: the file that runs, whatever stands at its path now.
    if (const Fd file(::open((folder + "/exe").c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)); file)
        if (auto digest = cache.digest_of(file)) process.digest = std::move(*digest);
    // All of the above was read by number. If the pidfd's process lives now, the number was its own all the time.
    CT_CHECK(still_there(pidfd));
    return process;
}

}  // namespace ct::identd
