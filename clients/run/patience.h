// SPDX-License-Identifier: Apache-2.0
// What --wait means: a release that fails because somebody could not be reached is tried again, for so long; what was
// refused is not.
#pragma once

#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace ct::run {

// The pause before the next attempt; nullopt when there is none. `attempt` counts from 0, the first that failed.
std::optional<Millis> pause_before_next(Reason reason, unsigned attempt, Millis since_start, Seconds wait);

struct Waiting {
    std::function<BootTime()> now;
    std::function<void(Millis)> pause;
    std::function<void(const Error& why, Millis pause)> tell;  // before each pause
    std::function<void()> over;                                // success, after at least one pause
};
// The first success, or the last failure.
Result<Fd> with_patience(Seconds wait, const std::function<Result<Fd>()>& attempt, const Waiting& waiting);

// Really waits: tells systemd (STATUS=, EXTEND_TIMEOUT_USEC=) and, for each new reason once, standard error.
// `attempt_time` bounds one attempt.
Waiting waiting_for_real(Seconds attempt_time);

}  // namespace ct::run
