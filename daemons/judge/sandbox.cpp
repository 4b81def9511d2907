// SPDX-License-Identifier: Apache-2.0
#include "daemons/judge/sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <vector>

namespace ct::judge {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which AUDIT_ARCH_ is this?"
#endif

constexpr std::array kAllowed{// the socket that it was started with
                              SYS_read, SYS_write, SYS_recvfrom, SYS_sendto,
                              // memory
                              SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise,
                              // what libraries do by themselves
                              SYS_futex, SYS_getrandom, SYS_clock_gettime, SYS_getpid, SYS_gettid, SYS_sched_yield,
                              // the end; no signal, not even abort()'s own: gate and judge are of one user
                              SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigprocmask};
// Refused without an end: libraries look for files that may well be missing, such as a time zone.
constexpr std::array kNotThere{SYS_openat, SYS_newfstatat};

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;  // reserves terabytes, and looks at its stack
#else
constexpr bool kSanitized = false;
#endif
// Its way to find out whether memory is there is to write it into a pipe.
constexpr std::array kSanitizer{SYS_sigaltstack, SYS_pipe2, SYS_close};

constexpr rlim_t kMemory = rlim_t{1} << 30;  // a whole bundle, its policy, and many times the largest evidence

constexpr sock_filter load(std::uint32_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
constexpr sock_filter give(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

// A number that is `call` is given `action`.
void rule(std::vector<sock_filter>& code, long call, std::uint32_t action) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
    code.push_back(give(action));
}

std::vector<sock_filter> filter() {
    std::vector<sock_filter> code{load(offsetof(seccomp_data, arch)),
                                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
                                  give(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
    for (const long call : kAllowed)
        rule(code, call, SECCOMP_RET_ALLOW);
    for (const long call : kNotThere)
        rule(code, call, SECCOMP_RET_ERRNO | ENOENT);
    if (kSanitized)
        for (const long call : kSanitizer)
            rule(code, call, SECCOMP_RET_ALLOW);
    code.push_back(give(SECCOMP_RET_KILL_PROCESS));
    return code;
}

Status bound(__rlimit_resource resource, rlim_t most) {
    const rlimit limit{most, most};
    if (::setrlimit(resource, &limit) != 0) return fail_errno(Reason::io_failed, "setrlimit");
    return {};
}

}  // namespace

Status enter_sandbox() {
    CT_CHECK(bound(RLIMIT_CORE, 0));
    CT_CHECK(bound(RLIMIT_FSIZE, 0));
    if (!kSanitized) {
        CT_CHECK(bound(RLIMIT_NOFILE, 0));
        CT_CHECK(bound(RLIMIT_AS, kMemory));
    }
    // Dies with the gate, and nobody may look into it.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0 ||
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail_errno(Reason::io_failed, "prctl");
    auto code = filter();
    sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        return fail_errno(Reason::io_failed, "seccomp");
    return {};
}

}  // namespace ct::judge
