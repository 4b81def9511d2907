// SPDX-License-Identifier: Apache-2.0
// Errors on the bus: name io.cloudtaser.Error.<bus_error(reason)>, message "<reason>: words". The first word of the
// message is the stable reason code, so both ends speak of the same ct::Reason (dbus/interfaces/errors.md).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ct::bus {

inline constexpr std::string_view kErrorPrefix = "io.cloudtaser.Error.";

std::string error_name(const Error& error);
std::string error_message(const Error& error);
// The inverse, also for the errors of the bus itself: an unknown or dead service is daemon_unavailable, a timeout is
// timed_out, AccessDenied is caller_not_allowed, unknown members are unsupported.
Error error_from(std::string_view name, std::string_view message);

}  // namespace ct::bus
