// SPDX-License-Identifier: Apache-2.0
#include "clients/run/tracee.h"

#include <sys/ptrace.h>
#include <sys/uio.h>

#include <algorithm>

#ifndef PTRACE_GETSIGMASK
#define PTRACE_GETSIGMASK 0x420a  // NOLINT: as in linux/ptrace.h, which clashes with sys/ptrace.h
#define PTRACE_SETSIGMASK 0x420b
#endif

namespace ct::run {
namespace {

constexpr std::uint64_t kPage = 4096;

// glibc types the request and lets the rest be anything; addresses and numbers travel as pointers.
template <class Request>
long trace(Request request, int tid, std::uint64_t address = 0, std::uint64_t data = 0) {
    return ::ptrace(static_cast<__ptrace_request>(request), tid, address, data);
}
std::uint64_t number(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}  // NOLINT: the interface's way
void* pointer(std::uint64_t address) { return reinterpret_cast<void*>(address); }  // NOLINT: in the other process

Status traced(long outcome, const char* what) {
    if (outcome < 0) return fail_errno(Reason::guard_failed, what);
    return {};
}

}  // namespace

Status RemoteMemory::read(std::uint64_t address, MutableBytes into) const {
    if (into.empty()) return {};
    const iovec local{into.data(), into.size()};
    const iovec remote{pointer(address), into.size()};
    const ssize_t got = ::process_vm_readv(pid_, &local, 1, &remote, 1, 0);
    if (got < 0) return fail_errno(Reason::guard_failed, "reading the caller's memory");
    if (static_cast<std::size_t>(got) != into.size())
        return fail_errno(Reason::guard_failed, "reading the caller's memory", EFAULT);
    return {};
}

Status RemoteMemory::write(std::uint64_t address, ByteView bytes) const {
    const iovec local{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};  // NOLINT: iovec has no const
    const iovec remote{pointer(address), bytes.size()};
    const ssize_t got = ::process_vm_writev(pid_, &local, 1, &remote, 1, 0);
    if (got < 0) return fail_errno(Reason::guard_failed, "writing the program's memory");
    if (static_cast<std::size_t>(got) != bytes.size())
        return fail_errno(Reason::guard_failed, "writing the program's memory", EFAULT);
    return {};
}

Result<std::vector<std::size_t>> RemoteMemory::read_pieces(std::span<const std::uint64_t> addresses, MutableBytes into,
                                                           std::size_t stride) const {
    std::vector<std::size_t> sizes;
    std::vector<iovec> local, remote;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const std::size_t size = std::min<std::uint64_t>(stride, kPage - addresses[i] % kPage);
        sizes.push_back(size);
        local.push_back({into.subspan(i * stride, size).data(), size});
        remote.push_back({pointer(addresses[i]), size});
    }
    const ssize_t got = ::process_vm_readv(pid_, local.data(), local.size(), remote.data(), remote.size(), 0);
    if (got < 0 && errno != EFAULT) return fail_errno(Reason::guard_failed, "reading the caller's environment");
    std::size_t whole = 0;
    for (auto left = static_cast<std::size_t>(std::max<ssize_t>(got, 0)); whole < sizes.size() && left >= sizes[whole];
         ++whole)
        left -= sizes[whole];
    sizes.resize(whole);
    return sizes;
}

Result<Tracee> Tracee::seize(int tid) {
    constexpr std::uint64_t options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    if (trace(PTRACE_SEIZE, tid, 0, options) < 0)
        return fail_errno(Reason::guard_not_permitted, "the kernel does not let the exec guard hold this process");
    return Tracee(tid);
}

Status Tracee::interrupt() const { return traced(trace(PTRACE_INTERRUPT, tid_), "PTRACE_INTERRUPT"); }

Result<arch::Registers> Tracee::registers() const {
    arch::Registers registers{};
    // GETREGS rather than GETREGSET: for a 32-bit image it gives the same structure.
    CT_CHECK(traced(trace(PTRACE_GETREGS, tid_, 0, number(&registers)), "PTRACE_GETREGS"));
    return registers;
}

Status Tracee::set_registers(const arch::Registers& registers) const {
    return traced(trace(PTRACE_SETREGS, tid_, 0, number(&registers)), "PTRACE_SETREGS");
}

Result<std::uint64_t> Tracee::blocked_signals() const {
    std::uint64_t mask = 0;
    CT_CHECK(traced(trace(PTRACE_GETSIGMASK, tid_, sizeof mask, number(&mask)), "PTRACE_GETSIGMASK"));
    return mask;
}

Status Tracee::set_blocked_signals(std::uint64_t mask) const {
    return traced(trace(PTRACE_SETSIGMASK, tid_, sizeof mask, number(&mask)), "PTRACE_SETSIGMASK");
}

Status Tracee::run_to_syscall(int signal) const {
    return traced(trace(PTRACE_SYSCALL, tid_, 0, static_cast<std::uint64_t>(signal)), "PTRACE_SYSCALL");
}

Status Tracee::detach() const { return traced(trace(PTRACE_DETACH, tid_), "PTRACE_DETACH"); }

Result<int> former_tid(int tid) {
    unsigned long message = 0;
    CT_CHECK(traced(trace(PTRACE_GETEVENTMSG, tid, 0, number(&message)), "PTRACE_GETEVENTMSG"));
    return static_cast<int>(message);
}

}  // namespace ct::run
