// SPDX-License-Identifier: Apache-2.0
#include "clients/run/limit_lift.h"

namespace ct::run {
namespace {

constexpr rlim_t kDescriptors = 1 << 20;  // what the kernel allows by default (fs.nr_open)

}  // namespace

LimitLift::LimitLift(int pid, __rlimit_resource resource) : pid_(pid), resource_(resource) {
    if (::prlimit(pid, resource, nullptr, &before_) < 0) return;
    const rlim_t most = resource == RLIMIT_NOFILE ? kDescriptors : RLIM_INFINITY;
    const rlimit wide{most, most}, soft{before_.rlim_max, before_.rlim_max};
    lifted_ = ::prlimit(pid, resource, &wide, nullptr) == 0 || ::prlimit(pid, resource, &soft, nullptr) == 0;
}

LimitLift::~LimitLift() {
    if (lifted_) ::prlimit(pid_, resource_, &before_, nullptr);
}

}  // namespace ct::run
