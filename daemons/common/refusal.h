// SPDX-License-Identifier: Apache-2.0
// A daemon that can't do its work still takes its bus name: the call that started it is answered with the reason, at once,
// where the bus would have let it wait for 25 seconds.
#pragma once

#include <functional>

#include "base/result.h"
#include "daemons/common/daemon.h"
#include "loop/event.h"

namespace ct::daemon {

// Of a daemon whose configuration is at fault (EX_CONFIG): the unit does not try again by itself.
inline constexpr int kConfigExit = 78;

// Answers those who wait, and comes back with the exit code: kConfigExit or 1.
int refuse_and_leave(EventLoop& loop, const Spec& spec, const Error& why);

// Answers every call until SIGTERM (0). SIGHUP and Daemon1.Reload ask `look` whether there is a configuration now; if there
// is, the program starts anew with it. Nobody needs a right for that: a call to a daemon that does not run does the same.
int refuse_until_configured(EventLoop& loop, const Spec& spec, const Error& why, const std::function<Status()>& look);

}  // namespace ct::daemon
