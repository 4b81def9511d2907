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

// Forks the guard twice, so that it is nobody's child that the program could wait for or hear of: not even a SIGCHLD is left
// pending. It gets itself ready while the launcher asks for the session.
class DetachedGuard {
public:
    // Returns in the launcher only. `guard_failed`.
    static Result<DetachedGuard> start(GuardProcess setup);
    // To be called before the exec: the process between the two is gone after it. `guard_failed`.
    Status detach() const;

private:
    explicit DetachedGuard(int middle) : middle_(middle) {}
    int middle_;
};

// In the guard's own process. `program_ended` in parent mode: the status of the program goes to setup.report.
[[noreturn]] void run_guard(GuardProcess setup);

}  // namespace ct::run
