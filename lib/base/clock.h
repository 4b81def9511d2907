// SPDX-License-Identifier: Apache-2.0
// Time enters decisions as a value, so that they can be tested at any moment.
#pragma once

#include <chrono>

namespace ct {

using Seconds = std::chrono::seconds;
using Millis = std::chrono::milliseconds;
// Wall time, for certificates, policy windows and audit records.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
// CLOCK_BOOTTIME, for leases and deadlines: goes on while the machine sleeps, never steps.
struct BootClock {
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;

}  // namespace ct
