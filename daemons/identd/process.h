// SPDX-License-Identifier: Apache-2.0
// Who is behind a pidfd, as the kernel says. Nothing is taken from what the process says of itself.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ct::identd {

struct Process {
    std::uint32_t pid = 0, uid = 0, gid = 0;  // effective
    std::string unit;                         // systemd unit, empty outside one
    std::string executable;                   // path as the kernel shows it, bytes that are no text as \xNN; for people
};

struct Look {
    Process process;
    Fd file;  // the file that runs, whatever stands at its path now; empty if it can't be read
};

// session_ended when the process is gone; identity_unreadable when /proc does not say; caller_mismatch when it is no pidfd.
Result<Look> look_at(const Fd& pidfd);

// Whether all of `look` was true of the process behind the pidfd and still is. /proc is read by number, and a number can
// pass to another process: but not while its first owner lives. session_ended, or identity_unreadable if the process has
// become another program or user meanwhile.
Status confirm(const Fd& pidfd, const Look& look);

}  // namespace ct::identd
