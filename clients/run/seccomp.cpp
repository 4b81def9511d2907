// SPDX-License-Identifier: Apache-2.0
#include "clients/run/seccomp.h"

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "clients/run/arch_x86_64.h"

namespace ct::run {
namespace {

constexpr sock_filter load(std::uint32_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
constexpr sock_filter when_equal(std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}
constexpr sock_filter give(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

constexpr const char* kAdvice =
    "; a container needs a seccomp profile that allows seccomp(2), ptrace(2) and process_vm_readv(2) (Docker's default does "
    "on Linux 4.8 and later)";

}  // namespace

std::vector<sock_filter> exec_filter() {
    return {
        load(offsetof(seccomp_data, arch)),
        when_equal(arch::kAudit, 0, 6),
        load(offsetof(seccomp_data, nr)),
        when_equal(arch::kExecve, 8, 0),
        when_equal(arch::kExecveat, 7, 0),
        when_equal(arch::kX32Execve, 7, 0),
        when_equal(arch::kX32Execveat, 6, 0),
        give(SECCOMP_RET_ALLOW),
        when_equal(arch::kAudit32, 0, 4),
        load(offsetof(seccomp_data, nr)),
        when_equal(arch::kExecve32, 1, 0),
        when_equal(arch::kExecveat32, 0, 2),
        give(SECCOMP_RET_USER_NOTIF),
        give(SECCOMP_RET_ERRNO | EPERM),  // x32, or an architecture that this kernel does not have today
        give(SECCOMP_RET_ALLOW),
    };
}

Result<Fd> install_exec_filter() {
    auto code = exec_filter();
    sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    // WAIT_KILLABLE_RECV: an exec that the guard has taken up can be killed, but no signal handler sends it back.
    // SPEC_ALLOW: the filter is no sandbox; the program keeps the speculation settings of a direct exec.
    constexpr unsigned flags =
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    const auto install = [&] {
        return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
    };
    int listener = install();
    if (listener < 0 && errno == EACCES) {
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
            return fail_errno(Reason::guard_not_permitted, "no_new_privs");
        listener = install();
    }
    if (listener >= 0) return Fd(listener);
    switch (errno) {
        case EBUSY:
            return fail(
                Reason::guard_not_permitted,
                "this process is watched by another exec guard or container supervisor already (the kernel allows one "
                "seccomp listener); start cloudtaser-run outside of it");
        case EINVAL:
            return fail(Reason::guard_not_permitted,
                        "the exec guard needs Linux 5.19 or later with CONFIG_SECCOMP_FILTER");
        default:
            return fail_errno(Reason::guard_not_permitted,
                              std::string("the kernel refuses the exec guard's filter") + kAdvice);
    }
}

bool ExecCall::is_64bit() const { return arch == arch::kAudit; }

std::uint64_t ExecCall::environment() const {
    return number == arch::kExecveat || number == arch::kExecveat32 ? arguments[3] : arguments[2];
}

Result<std::optional<ExecCall>> Listener::next() {
    seccomp_notif heard{};
    while (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_RECV, &heard) < 0) {
        if (errno == ENOENT) return std::nullopt;
        if (errno != EINTR) return fail_errno(Reason::guard_failed, "listening for execs");
    }
    ExecCall call{
        heard.id, static_cast<int>(heard.pid), heard.data.arch, static_cast<std::uint32_t>(heard.data.nr), {}};
    std::ranges::copy(heard.data.args, call.arguments.begin());
    return call;
}

bool Listener::still_waits(const ExecCall& call) const {
    return ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &call.id) == 0;
}

void Listener::let_pass(const ExecCall& call) {
    seccomp_notif_resp answer{};
    answer.id = call.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    static_cast<void>(::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer));
}

void Listener::refuse(const ExecCall& call, int error_number) {
    seccomp_notif_resp answer{};
    answer.id = call.id;
    answer.error = -error_number;
    static_cast<void>(::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer));
}

Status Listener::answer_with_fd(const ExecCall& call, const Fd& fd) {
    seccomp_notif_addfd add{};
    add.id = call.id;
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    add.srcfd = static_cast<std::uint32_t>(fd.get());
    if (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0)
        return fail_errno(Reason::guard_failed, "handing over the secret's descriptor");
    return {};
}

}  // namespace ct::run
