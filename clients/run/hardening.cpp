// SPDX-License-Identifier: Apache-2.0
#include "clients/run/hardening.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/fd.h"

namespace ct::run {
namespace {

constexpr char kName[] = "cloudtaser-guard";  // 15 bytes of it fit into comm

void close_all_but(std::vector<int> keep) {
    std::ranges::sort(keep);
    unsigned from = STDERR_FILENO + 1;
    for (const int fd : keep) {
        if (fd < STDERR_FILENO + 1) continue;  // -1: there is none
        const auto kept = static_cast<unsigned>(fd);
        if (kept > from) ::close_range(from, kept - 1, 0);
        from = kept + 1;
    }
    ::close_range(from, ~0U, 0);
}

Status replace_standard_descriptors(std::initializer_list<int> keep) {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return fail_errno(Reason::io_failed, "/dev/null");
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (std::ranges::find(keep, fd) == keep.end() && null.get() != fd && ::dup2(null.get(), fd) < 0)
            return fail_errno(Reason::io_failed, "dup2");
    return {};
}

// A root that can trace needs to reach other users' processes and lift their limits, nothing else. One that can't (in a
// container) must keep what its program has: the kernel compares the two.
Status drop_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (::syscall(SYS_capget, &header, data) < 0) return fail_errno(Reason::guard_failed, "capget");
    const auto bit = [](unsigned capability) { return 1U << capability; };
    if ((data[0].effective & bit(CAP_SYS_PTRACE)) == 0) return {};
    const unsigned needed = bit(CAP_SYS_PTRACE) | bit(CAP_SYS_RESOURCE) | bit(CAP_IPC_LOCK) | bit(CAP_KILL);
    data[0] = {data[0].effective & needed, data[0].permitted & needed, 0};
    data[1] = {};
    if (::syscall(SYS_capset, &header, data) < 0) return fail_errno(Reason::guard_failed, "capset");
    return {};
}

void show_name(const CommandLine& command_line) {
    std::memset(command_line.start, 0, command_line.size);
    std::memcpy(command_line.start, kName, std::min(std::strlen(kName), command_line.size - 1));
    ::prctl(PR_SET_NAME, kName);
}

}  // namespace

CommandLine command_line(int argc, char** argv) {
    char* end = argv[argc - 1] + std::strlen(argv[argc - 1]) + 1;
    return {argv[0], static_cast<std::size_t>(end - argv[0])};
}

Status become_guard(const CommandLine& command_line, std::initializer_list<int> keep) {
    if (::prctl(PR_SET_DUMPABLE, 0) < 0) return fail_errno(Reason::guard_failed, "PR_SET_DUMPABLE");
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    // Our own limits are the launcher's: soft ones are no reason to fail.
    for (const auto resource : {RLIMIT_MEMLOCK, RLIMIT_NOFILE}) {
        rlimit limit{};
        if (::getrlimit(resource, &limit) < 0) continue;
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(resource, &limit);
    }
    ::setsid();  // fails for a leader only, and a forked process is none
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::signal(SIGCHLD, SIG_DFL);  // ignored, the kernel would tell us of no stop
    CT_CHECK(replace_standard_descriptors(keep));
    close_all_but(keep);
    if (::chdir("/") < 0) return fail_errno(Reason::guard_failed, "chdir");
    ::umask(077);
    show_name(command_line);
    return drop_capabilities();
}

}  // namespace ct::run
