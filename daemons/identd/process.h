// SPDX-License-Identifier: Apache-2.0
// Who is behind a pidfd, as the kernel says. Nothing is taken from what the process says of itself.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "daemons/identd/digest_cache.h"

namespace ct::identd {

struct Process {
    std::uint32_t pid = 0, uid = 0, gid = 0;  // effective
    std::string unit;                         // systemd unit, empty outside one
    std::string executable;                   // path as the kernel shows it; for people
    Bytes digest;                             // SHA-256 of the file that runs; empty if it can't be read
};

// session_ended when the process is gone, at any moment until the answer is complete: a reused pid never answers for it.
// identity_unreadable when /proc does not say.
Result<Process> describe(const Fd& pidfd, DigestCache& cache);

}  // namespace ct::identd
