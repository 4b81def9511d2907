// SPDX-License-Identifier: Apache-2.0
// What a process does to itself before it may see secrets of others: the guard.
#pragma once

#include <initializer_list>

#include "base/result.h"

namespace ct::run {

// The arguments of this process, to be overwritten in the guard's copy so that `ps` shows it by its own name.
struct CommandLine {
    char* start;
    std::size_t size;
};
CommandLine command_line(int argc, char** argv);

// Not dumpable, no core, no terminal, own session and name, all signals blocked, /dev/null for 0 to 2 but those kept, every
// other descriptor closed, and of root's capabilities only those that tracing needs.
Status become_guard(const CommandLine& command_line, std::initializer_list<int> keep);

}  // namespace ct::run
