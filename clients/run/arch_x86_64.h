// SPDX-License-Identifier: Apache-2.0
// What the guard knows of x86_64: registers of a system call, the initial stack of a program (System V ABI, AMD64
// supplement, section 3.4.1), and the numbers of execve in each of the kernel's three ABIs on this machine.
#pragma once

#include <linux/audit.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <array>
#include <cstdint>

namespace ct::run::arch {

inline constexpr std::uint32_t kAudit = AUDIT_ARCH_X86_64;
inline constexpr std::uint32_t kAudit32 = AUDIT_ARCH_I386;
inline constexpr std::uint32_t kX32Bit = 0x40000000;  // numbers from here on are x32's
inline constexpr std::uint32_t kExecve = SYS_execve, kExecveat = SYS_execveat;
inline constexpr std::uint32_t kExecve32 = 11, kExecveat32 = 358;
inline constexpr std::uint32_t kX32Execve = kX32Bit + 520, kX32Execveat = kX32Bit + 545;

inline constexpr std::array<std::uint8_t, 2> kSyscallInstruction = {0x0f, 0x05};

using Registers = user_regs_struct;

// After execve of a 32-bit image the code segment is the compatibility one.
inline bool is_64bit(const Registers& registers) { return registers.cs == 0x33; }

// Registers that make the thread run one system call at `instruction`. orig_rax = -1 tells the kernel that the thread is in
// no system call: it will not "restart" one over our values.
inline Registers calling(Registers registers, std::uint64_t instruction, long number,
                         std::array<std::uint64_t, 6> arguments) {
    registers.rip = instruction;
    registers.orig_rax = ~0ULL;
    registers.rax = static_cast<std::uint64_t>(number);
    registers.rdi = arguments[0];
    registers.rsi = arguments[1];
    registers.rdx = arguments[2];
    registers.r10 = arguments[3];
    registers.r8 = arguments[4];
    registers.r9 = arguments[5];
    return registers;
}
inline std::int64_t result(const Registers& registers) { return static_cast<std::int64_t>(registers.rax); }
// Where the thread's own `syscall` instruction lies, just after it returned from it.
inline std::uint64_t last_instruction(const Registers& registers) { return registers.rip - kSyscallInstruction.size(); }

// The register that holds envp.
inline void set_environment(Registers& registers, std::uint32_t number, std::uint64_t envp) {
    if (number == kExecveat)
        registers.r10 = envp;
    else
        registers.rdx = envp;
}

}  // namespace ct::run::arch
