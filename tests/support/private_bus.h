// SPDX-License-Identifier: Apache-2.0
// A message bus of the test's own: dbus-daemon on a socket in a temporary directory. Services are activated by the first
// call, as on a real system, but by the bus itself instead of systemd. Nothing outlives it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "support/process.h"

namespace ct::test {

// A service that the bus starts when its name is called.
struct Activatable {
    std::string name;                                     // "io.cloudtaser.Bridge1"
    std::vector<std::string> argv;                        // absolute path first; no word may hold blanks or quotes
    std::map<std::string, std::string> environment = {};  // beside PATH and DBUS_SYSTEM_BUS_ADDRESS
};

struct BusSettings {
    std::vector<Activatable> services = {};
    // Folder of *.conf to enforce on top of what a system bus denies by default; empty: everything is allowed.
    std::string policy_folder = {};
};

// The path of one of our binaries in this build.
std::string built(const std::string& binary);  // "cloudtaser-bridge"

class PrivateBus {
public:
    static Result<PrivateBus> start(const BusSettings& settings);

    [[nodiscard]] const std::string& address() const { return address_; }
    // For processes that the test starts: PATH and DBUS_SYSTEM_BUS_ADDRESS.
    [[nodiscard]] std::map<std::string, std::string> environment() const;
    // Makes it the system bus of the calling process.
    void adopt() const;
    // What the bus and the services it started have printed so far.
    [[nodiscard]] std::string log() const;
    [[nodiscard]] const std::string& log_file() const { return log_file_; }
    // Of the process that owns a name now; 0 when nobody does.
    [[nodiscard]] int pid_of(const std::string& name) const;
    // Until somebody owns the name.
    [[nodiscard]] Status wait_for(const std::string& name) const;
    // Kills the owner of a name and waits for its end.
    [[nodiscard]] Status kill(const std::string& name, int signal) const;

private:
    PrivateBus(TempDir folder, std::string address, std::string log_file, Child daemon)
        : folder_(std::move(folder)),
          address_(std::move(address)),
          log_file_(std::move(log_file)),
          daemon_(std::move(daemon)) {}
    TempDir folder_;
    std::string address_, log_file_;
    Child daemon_;  // ended before the folder goes
};

// Runs `body` in a child with that uid and gid and no other privilege; its result is the exit code. -1 when not permitted.
int as_user(unsigned uid, const std::function<int()>& body);

}  // namespace ct::test
