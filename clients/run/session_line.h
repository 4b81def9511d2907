// SPDX-License-Identifier: Apache-2.0
// The launcher's and the guard's talk with secretd: one OpenSession on the system bus, then the session's own line, peer to
// peer, which is the lease (dbus/interfaces/io.cloudtaser.Secret1.xml).
#pragma once

#include <map>
#include <string>

#include "bus/connection.h"
#include "clients/run/armory.h"

namespace ct::run {

struct SessionRequest {
    std::string workload;
    std::map<std::string, std::string> environment;  // NAME -> mount/path#field, besides what the node maps
    Seconds timeout;
};

// For this process. Blocks until the secrets are in secretd's memory or refused. The descriptor is the line. `meanwhile`
// runs while secretd works, unless it could not be asked.
Result<Fd> open_session(const SessionRequest& request, const std::function<void()>& meanwhile);

class SessionLine : public Armory {
public:
    static Result<std::unique_ptr<SessionLine>> open(EventLoop& loop, Fd line);
    void arm(const Fd& pidfd, std::function<void(Result<Armed>)> done) override;

private:
    explicit SessionLine(bus::Connection connection) : connection_(std::move(connection)) {}
    bus::Connection connection_;
};

}  // namespace ct::run
