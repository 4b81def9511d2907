// SPDX-License-Identifier: Apache-2.0
// A launcher in a few lines: opens a session for its own process and looks at what comes, as cloudtaser-run does.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "base/secret_memory.h"
#include "bus/connection.h"

namespace ct::test {

class SessionClient {
public:
    // On the system bus (DBUS_SYSTEM_BUS_ADDRESS). The error is the one that secretd gave.
    static Result<SessionClient> open(const std::string& workload, const bus::StringMap& env = {});

    // The two halves of open(): the line as it came, and its first use.
    struct Unspoken {
        std::string path;
        Fd line;
    };
    static Result<Unspoken> open_unspoken(const std::string& workload, const bus::StringMap& env = {});
    static Result<Unspoken> open_unspoken(bus::Connection& bus, const std::string& workload,
                                          const bus::StringMap& env = {});
    static Result<SessionClient> speak(Unspoken session);

    // The page of one arming: value by name. Ordinary memory: not for marked secrets.
    Result<std::map<std::string, std::string>> arm();
    Result<std::string> fetch(const std::string& name);
    Result<std::string> property(const std::string& name);
    [[nodiscard]] const std::string& path() const { return path_; }
    // True once the other end has closed the line, within `most`.
    bool closed_within(Millis most);

private:
    SessionClient(std::string path, bus::Connection line) : path_(std::move(path)), line_(std::move(line)) {}
    std::string path_;
    bus::Connection line_;
};

}  // namespace ct::test
