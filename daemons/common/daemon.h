// SPDX-License-Identifier: Apache-2.0
// What every daemon does the same way: arguments, configuration, loop, bus, name, io.cloudtaser.Daemon1, LogControl1,
// readiness, watchdog, signals. A main.cpp states what is particular:
//
//     constexpr daemon::Spec kSpec{.name = "cloudtaser-bridge", ...};
//     int main(int argc, char** argv) { return daemon::run(argc, argv, kSpec, check, setup); }
//
// Order: arguments; no dumps; configuration (and its check); audit sink; loop; bus; setup() makes the parts and serves
// their objects; the bus name is taken; READY=1. So a call that activated the daemon finds everything in place.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "audit/sink.h"
#include "base/result.h"
#include "bus/connection.h"
#include "config/tree.h"
#include "loop/event.h"

namespace ct::daemon {

struct Spec {
    const char* name = "";         // "cloudtaser-bridge"; also the syslog identifier
    const char* purpose = "";      // one line for --help
    const char* bus_name = "";     // "io.cloudtaser.Bridge1"
    const char* object = "";       // "/io/cloudtaser/Bridge1"; Daemon1 is served here too
    const char* config_file = "";  // default of --config
    bool config_required = true;   // false: a missing default file is an empty configuration
    bool undumpable = true;        // PR_SET_DUMPABLE 0: no core, no ptrace by the same uid
};

// The running parts of one daemon; destroyed before the loop and the bus.
class Service {
public:
    virtual ~Service() = default;
    // A new configuration that has passed Check. All or nothing: on an error the old one stays in force.
    virtual Status reload(const config::Document& document) = 0;
};

enum class State { starting, ready, degraded, stopping };
std::string_view to_string(State state);

class Daemon {
public:
    virtual ~Daemon() = default;
    virtual EventLoop& loop() = 0;
    virtual bus::Connection& bus() = 0;
    virtual audit::Sink& audit() = 0;
    [[nodiscard]] virtual const Spec& spec() const = 0;
    [[nodiscard]] virtual const config::Document& config() const = 0;

    // A monotonic counter of Daemon1.Counters; the reference stays good for the daemon's life.
    virtual std::uint64_t& counter(const std::string& name) = 0;
    // ready or degraded, with words for Daemon1.Reason and systemctl status; "" when all is well.
    virtual void set_state(State state, const std::string& reason) = 0;
    // Stops the daemon with this exit code.
    virtual void stop(int code) = 0;
};

// Validates a configuration without any effect; also behind --check-config and Reload. The tables [audit] and [log] are
// common to all daemons: leave them in root.only({..., "audit", "log"}).
using Check = std::function<Status(const config::Document&)>;
using Setup = std::function<Result<std::unique_ptr<Service>>(Daemon&)>;

// main(): returns the exit code. 0 after SIGTERM or SIGINT; 1 when something failed; 2 for wrong arguments.
int run(int argc, char** argv, const Spec& spec, const Check& check, const Setup& setup);

}  // namespace ct::daemon
