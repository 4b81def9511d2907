// SPDX-License-Identifier: Apache-2.0
// A daemon that can't do its work still takes its bus name: the call that started it is answered with the reason, at once,
// where the bus would have let it wait for 25 seconds.
#pragma once

#include <functional>

#include "base/result.h"
#include "daemons/common/daemon.h"
#include "loop/event.h"

namespace ct::daemon {

// Answers those who wait, and comes back with the exit code 1.
int refuse_and_leave(EventLoop& loop, const Spec& spec, const Error& why);

// Answers every call until SIGTERM (0). SIGHUP and Daemon1.Reload ask `look` whether there is a configuration now; if there
// is, the program starts anew with it.
int refuse_until_configured(EventLoop& loop, const Spec& spec, const Error& why, const std::function<Status()>& look);

}  // namespace ct::daemon
