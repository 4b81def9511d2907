// SPDX-License-Identifier: Apache-2.0
// Where the launcher can't become the program itself, it stays as a small parent: as PID 1 of a container (the detached guard
// would come back as a child of the program), where only ancestors may trace (yama ptrace_scope 1 without CAP_SYS_PTRACE), and
// where this process adopts orphans (a child subreaper).
//
//   launcher ── guard ── program        all in one process group; the guard leaves the session
//
// The launcher forwards signals, reaps, and exits as the program does. The guard is an ancestor of the whole tree, and stays one
// for processes that outlive the program.
#pragma once

#include "clients/run/guard_process.h"
#include "clients/run/launcher.h"

namespace ct::run {

enum class Mode { in_place, parent };
// guard_not_permitted where nobody may trace (ptrace_scope 2 without the capability, 3).
Result<Mode> choose_mode();
// The decision behind it. `scope`: kernel.yama.ptrace_scope, 0 where there is no yama.
Result<Mode> mode_for(int pid, bool adopts_orphans, int scope, bool may_trace_all);

// Returns the launcher's exit code.
int run_as_parent(Fd line, Program program, const CommandLine& command_line);

}  // namespace ct::run
