// SPDX-License-Identifier: Apache-2.0
// The process that the guard lives in.
#pragma once

#include <functional>

#include "clients/run/channel.h"
#include "clients/run/hardening.h"

namespace ct::run {

struct GuardProcess {
    GuardEnd channel;
    Fd line;          // of the session; in place it comes by the channel, once it is open
    Fd report;        // parent mode: the launcher's end of the program's fate (parent_mode.h); else none
    int program = 0;  // pid
    CommandLine command_line;
};

// Forks the guard of this process twice, so that it is nobody's child that the program could wait for or hear of: not even a
// SIGCHLD is left pending. It gets itself ready and waits for the line. Returns in the launcher only. `guard_failed`.
Result<LauncherEnd> start_detached_guard(const CommandLine& command_line);

// In the guard's own process. `program_ended` in parent mode: the status of the program goes to setup.report.
[[noreturn]] void run_guard(GuardProcess setup);

}  // namespace ct::run
