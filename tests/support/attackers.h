// SPDX-License-Identifier: Apache-2.0
// What an attacker on the same machine tries against a running process: as another process of the same user, and as root.
// Every attack works on a program that was started plainly; the tests show that first. None of them runs code inside the victim:
// against that stands the enforcement of the kernel part.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ct::test {

struct Loot {
    std::string attack;  // "read /proc/PID/environ"
    bool saw = false;    // it held the secret in its hands
    std::string detail;  // where it saw it, or what the kernel said
};

// Each is one program's worth of attack, run in this process, with this process's rights.
Loot read_environ(int pid, std::string_view secret);
Loot read_proc_mem(int pid, std::string_view secret);      // /proc/PID/mem, every mapping
Loot read_by_vm_readv(int pid, std::string_view secret);   // process_vm_readv(2), every mapping
Loot read_by_peek(int pid, std::string_view secret);       // PTRACE_PEEKDATA: stack, heap, anonymous and secret memory
Loot open_map_files(int pid, std::string_view secret);     // /proc/PID/map_files/*, mapped and read
Loot steal_descriptors(int pid, std::string_view secret);  // pidfd_getfd(2) of each, mapped and read
Loot dump_core(int pid,
               std::string_view secret);  // all of memory and registers of the stopped process, as gcore(1) does

// All of them in the order above.
std::vector<Loot> attack(int pid, std::string_view secret);
// The same in a process of that user without any other right. Empty when that user can't be become.
std::vector<Loot> attack_as(unsigned uid, int pid, std::string_view secret);

}  // namespace ct::test
