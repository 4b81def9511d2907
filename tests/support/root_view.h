// SPDX-License-Identifier: Apache-2.0
// What root sees of a delivered value through the kernel's interfaces, for the demo and the delivery matrix. On a program
// that was started plainly each look finds the value; that is checked before anybody believes a miss.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ct::test::root_view {

struct Sighting {
    std::string attack;  // "read /proc/PID/environ"
    bool found = false;  // the whole value, in plain
    std::string words;   // what came back, for a person; never the value
};

// All attacks on a live process, aimed at its first stack and its secret mappings: where a delivered value lies. What a
// runtime copies to its own heap is copies_outside()'s business.
std::vector<Sighting> attack(int pid, const std::string& name, const std::string& value);

// One by one.
Sighting read_environ(int pid, const std::string& name, const std::string& value);
Sighting read_proc_mem(int pid, const std::string& value);
Sighting read_with_process_vm_readv(int pid, const std::string& value);
Sighting read_with_ptrace(int pid, const std::string& value);
Sighting steal_descriptors(int pid, const std::string& value);  // pidfd_getfd + mmap of each open descriptor

// What /proc/PID/environ says of the variable: "NAME=" followed by NULs only, "NAME=...", or "absent".
std::string environ_entry(int pid, const std::string& name);

// Copies of the value in all ordinary readable memory of the process (its secret mappings can't be read from outside).
struct Copies {
    std::size_t count = 0;
    std::vector<std::string> where;  // "[heap]", "[stack]", "/usr/bin/python3.11", "anonymous"
};
Copies copies_outside(int pid, const std::string& value);

// "A" without such a copy and with a secret mapping, "B" with copies in its own heap, "D" where /proc/PID/environ shows it.
std::string tier_of(int pid, const std::string& name, const std::string& value);

// The lines of /proc/PID/smaps that name secret mappings: "7f12...-7f13... 4 KiB, excluded from dumps".
std::vector<std::string> secret_mappings(int pid);

}  // namespace ct::test::root_view
