// SPDX-License-Identifier: Apache-2.0
// The private line of one session: io.cloudtaser.Secret1.Session, peer to peer over a socket pair whose other end the
// launcher holds. It is the lease: when the last holder closes it, the session ends.
#pragma once

#include <functional>
#include <memory>

#include "base/fd.h"
#include "bus/connection.h"
#include "daemons/secretd/session.h"

namespace ct::secretd {

class SessionLine {
public:
    // `on_armed` is told of each page given to a process.
    static Result<std::unique_ptr<SessionLine>> open(EventLoop& loop, Session& session, Fd socket,
                                                     std::function<void(Session&, int pid)> on_armed);

private:
    SessionLine(bus::Connection connection, Session& session, std::function<void(Session&, int pid)> on_armed)
        : session_(session), on_armed_(std::move(on_armed)), connection_(std::move(connection)) {}
    void arm(bus::Call call);
    void fetch(bus::Call call);
    void list_names(bus::Call call);
    void close(bus::Call call);
    [[nodiscard]] bus::Interface interface();
    [[nodiscard]] Result<bus::Message> armed_reply(bus::Call& call, const SecretPage& page) const;

    Session& session_;
    std::function<void(Session&, int pid)> on_armed_;
    bus::Connection connection_;
    bus::Slot object_;
};

}  // namespace ct::secretd
