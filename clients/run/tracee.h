// SPDX-License-Identifier: Apache-2.0
// One thread held by ptrace(2), for the length of one exec. Nothing here waits: the guard's loop hears of stops.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "clients/run/arch_x86_64.h"

namespace ct::run {

// Memory of another process, by process_vm_readv(2) and process_vm_writev(2): needs the right to trace it, not a stop.
class RemoteMemory {
public:
    explicit RemoteMemory(int pid) : pid_(pid) {}
    // Fills `into` from `address`; EFAULT when any of it is not there.
    Status read(std::uint64_t address, MutableBytes into) const;
    Status write(std::uint64_t address, ByteView bytes) const;
    template <class T>
    Result<T> value(std::uint64_t address) const {
        T out{};
        CT_CHECK(read(address, {reinterpret_cast<std::uint8_t*>(&out), sizeof out}));  // NOLINT: raw bytes
        return out;
    }
    // One piece for each address, `stride` bytes apart in `into`, each read up to the end of its memory page at most; gives the
    // sizes of those before the first that can't be read.
    Result<std::vector<std::size_t>> read_pieces(std::span<const std::uint64_t> addresses, MutableBytes into,
                                                 std::size_t stride) const;

private:
    int pid_;
};

class Tracee {
public:
    // Takes hold of a running thread without stopping it. It dies with the guard: a program never goes on half made.
    // guard_not_permitted with errno.
    static Result<Tracee> seize(int tid);

    [[nodiscard]] int tid() const { return tid_; }
    // After an exec by a thread that was not the leader: it has taken over the leader's id.
    void renamed(int tid) { tid_ = tid; }
    [[nodiscard]] RemoteMemory memory() const { return RemoteMemory(tid_); }

    // Asks for a stop at the next return to user mode.
    Status interrupt() const;
    // These need the thread stopped.
    Result<arch::Registers> registers() const;
    Status set_registers(const arch::Registers& registers) const;
    Result<std::uint64_t> blocked_signals() const;
    Status set_blocked_signals(std::uint64_t mask) const;
    Status run_to_syscall(int signal = 0) const;  // until the next entry to or exit from a system call
    Status detach() const;

private:
    explicit Tracee(int tid) : tid_(tid) {}
    int tid_;
};

// At PTRACE_EVENT_EXEC: the id that the thread had before.
Result<int> former_tid(int tid);

}  // namespace ct::run
