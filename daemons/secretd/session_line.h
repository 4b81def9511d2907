// SPDX-License-Identifier: Apache-2.0
// The private line of one session: io.cloudtaser.Secret1.Session, peer to peer over a socket pair whose other end the
// launcher holds. It is the lease: when the last holder closes it, the session ends.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "bus/connection.h"
#include "daemons/secretd/session.h"

namespace ct::secretd {

class SessionLine {
public:
    using Armed = std::function<void(Session&, int pid)>;  // told of each page given to a process
    static Result<std::unique_ptr<SessionLine>> open(EventLoop& loop, Session& session, Fd socket, Armed on_armed);
    // The line of a session that a former secretd served: it rests until the other end speaks or hangs up.
    static Result<std::unique_ptr<SessionLine>> resume(EventLoop& loop, Session& session, Fd socket, Armed on_armed);

private:
    SessionLine(EventLoop& loop, Session& session, Armed on_armed)
        : loop_(loop), session_(session), on_armed_(std::move(on_armed)) {}
    [[nodiscard]] Status serve(Result<bus::Connection> connection);
    void wake();
    void arm(bus::Call call);
    void fetch(bus::Call call);
    void list_names(bus::Call call);
    void close(bus::Call call);
    [[nodiscard]] bus::Interface interface();
    [[nodiscard]] Result<bus::Message> armed_reply(bus::Call& call, const SecretPage& page) const;
    void answer_arm(bus::Call& call, int pid);
    void answer_fetch(bus::Call& call, const std::string& name);

    EventLoop& loop_;
    Session& session_;
    Armed on_armed_;
    Fd resting_;
    Source spoken_;
    std::optional<bus::Connection> connection_;
    bus::Slot object_;
};

}  // namespace ct::secretd
