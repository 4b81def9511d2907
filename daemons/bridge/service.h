// SPDX-License-Identifier: Apache-2.0
// io.cloudtaser.Bridge1.Manager: hands out connected streams. What passes through them is TLS between others.
#pragma once

#include <map>
#include <memory>

#include "bus/connection.h"
#include "daemons/bridge/upstreams.h"
#include "daemons/common/daemon.h"

namespace ct::bridge {

class BridgeService final : public daemon::Service {
public:
    static Result<std::unique_ptr<daemon::Service>> create(daemon::Daemon& daemon);
    BridgeService(daemon::Daemon& daemon, Upstreams upstreams) : daemon_(daemon), upstreams_(std::move(upstreams)) {}
    Status reload(const config::Document& document) override;

private:
    [[nodiscard]] Status serve();
    void open_stream(bus::Call call);
    void on_connected(std::uint64_t id, const std::string& name, bus::Call call, Result<Fd> stream);
    [[nodiscard]] Status list(bus::Message& reply) const;

    // Connections in the making, all callers together; each look-up of a name has a thread (TasksMax= of the unit).
    static constexpr std::size_t kPending = 256;
    daemon::Daemon& daemon_;
    Upstreams upstreams_;
    std::map<std::string, bool> reached_;  // whether the last try got through
    std::uint64_t next_id_ = 0;
    std::map<std::uint64_t, Connecting> pending_;
    bus::Slot object_;
};

}  // namespace ct::bridge
