// SPDX-License-Identifier: Apache-2.0
// One question to polkit (org.freedesktop.PolicyKit1.Authority.CheckAuthorization), asked asynchronously.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "bus/access.h"
#include "bus/connection.h"

namespace ct::bus {

// `done` gets success, or caller_not_allowed: also when polkit is absent, fails, or wants a challenge that the caller does
// not allow; or quota_exceeded while limits::kPolkitQuestionsPerCaller of this user's are open. The subject is the caller's unique bus name, so a reused pid cannot answer for it. Rows with Access::polkit
// do this on their own; call it for rules that depend on the arguments.
void check_polkit(Connection& connection, const Sender& sender, const std::string& action, bool interactive,
                  std::function<void(Status)> done);

}  // namespace ct::bus
