// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

namespace ct::run {

// Lifts a soft limit of a process to its hard limit (and, where we may, the hard one out of the way) while the guard works
// inside that process, and puts it back. The program's own limits are no reason to refuse it a page and a descriptor.
class [[nodiscard]] LimitLift {
public:
    LimitLift(int pid, __rlimit_resource resource);
    LimitLift(const LimitLift&) = delete;
    LimitLift& operator=(const LimitLift&) = delete;
    ~LimitLift();

private:
    int pid_;
    __rlimit_resource resource_;
    rlimit before_{};
    bool lifted_ = false;
};

}  // namespace ct::run
