// SPDX-License-Identifier: Apache-2.0
// The referee: where in a process's readable memory does a secret lie? Needs root, or the right to trace the process. Secret
// memory can't be read, so every hit is a copy outside of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ct::test {

struct Mapping {
    std::uint64_t start = 0, end = 0;
    std::string permissions;  // "rw-p"
    std::string name;         // "[stack]", "/usr/lib/...", "" for anonymous memory
    [[nodiscard]] bool is_secret() const { return name.starts_with("/secretmem"); }
};
Result<std::vector<Mapping>> mappings(int pid);

struct Copy {
    std::uint64_t address = 0;
    std::string mapping;  // name, with "anonymous" for none
};
// Every place of the needle in pages that the process has touched, through /proc/PID/mem.
Result<std::vector<Copy>> find_copies(int pid, std::string_view needle);
// The needle as runtimes keep text: each byte in `width` bytes, little-endian (2: UTF-16, 4: UTF-32).
std::string widened(std::string_view needle, int width);
// "2 in [heap], 1 in anonymous"; "none".
std::string describe(const std::vector<Copy>& copies);

// /proc/PID/environ, whole: strings ended by NUL.
Result<std::string> environment_block(int pid);
// What /proc/PID/environ shows for NAME: the bytes behind "NAME=", NULs included, up to the next name; nullopt without it.
std::optional<std::string> shown_value(int pid, std::string_view name);

// A process and all that descend from it, as far as they live.
std::vector<int> process_tree(int pid);
std::vector<int> children_of(int pid);

}  // namespace ct::test
