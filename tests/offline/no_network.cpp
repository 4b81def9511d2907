// SPDX-License-Identifier: Apache-2.0
#include "offline/no_network.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <new>
#include <sstream>

namespace ct::test {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
greg_t& result_of(ucontext_t& machine) { return machine.uc_mcontext.gregs[REG_RAX]; }
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
unsigned long long& result_of(ucontext_t& machine) { return machine.uc_mcontext.regs[0]; }
#else
#error "which AUDIT_ARCH_ is this?"
#endif

std::atomic<std::uint64_t>* refused = nullptr;  // shared with forks

// The call was not made; it seems to have failed.
void on_refused(int /*signal*/, siginfo_t* /*info*/, void* context) {
    refused->fetch_add(1);
    result_of(*static_cast<ucontext_t*>(context)) = -EACCES;
}

// Sockets between processes of this machine, and nothing else; nor the other way to open one.
Status refuse_sockets() {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{sizeof code / sizeof *code, code};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        return fail_errno(Reason::io_failed, "seccomp");
    return {};
}

}  // namespace

Status lose_network() {
    if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return fail_errno(Reason::io_failed, "a network namespace");
    void* shared = ::mmap(nullptr, sizeof *refused, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return fail_errno(Reason::io_failed, "mmap");
    refused = new (shared) std::atomic<std::uint64_t>(0);
    struct sigaction action{};
    action.sa_sigaction = on_refused;
    action.sa_flags = SA_SIGINFO;
    if (::sigaction(SIGSYS, &action, nullptr) != 0) return fail_errno(Reason::io_failed, "sigaction");
    return refuse_sockets();
}

std::uint64_t sockets_refused() { return refused == nullptr ? 0 : refused->load(); }

std::string traffic() {
    std::ifstream file("/proc/self/net/dev");
    std::string line, out;
    std::getline(file, line);
    std::getline(file, line);  // two lines of titles
    while (std::getline(file, line)) {
        std::istringstream columns(line);
        std::string name;
        std::uint64_t received = 0, sent = 0, other = 0;
        columns >> name >> received;
        for (int i = 0; i < 7; ++i)
            columns >> other;
        columns >> sent;
        out += (out.empty() ? "" : ", ") + name + " " + std::to_string(received + sent) + " bytes";
    }
    return out;
}

}  // namespace ct::test
