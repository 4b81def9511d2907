// SPDX-License-Identifier: Apache-2.0
// The two interfaces that every daemon serves beside its own: io.cloudtaser.Daemon1 and org.freedesktop.LogControl1.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "bus/interface.h"

namespace ct::daemon {

inline constexpr const char* kDaemonInterface = "io.cloudtaser.Daemon1";
inline constexpr const char* kLogControlPath = "/org/freedesktop/LogControl1";

struct Posture {
    std::string state;   // starting ready degraded stopping
    std::string reason;  // words; "" when all is well
    std::map<std::string, std::uint64_t> counters;
};

// `posture` must outlive the interface; `reload` loads, checks and takes over, or leaves everything as it was.
bus::Interface daemon_interface(const Posture& posture, std::function<Status()> reload);
bus::Interface log_control_interface();

}  // namespace ct::daemon
