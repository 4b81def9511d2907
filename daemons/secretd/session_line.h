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
    // The socket is new, or from a former secretd that had served the line.
    static Result<std::unique_ptr<SessionLine>> open(EventLoop& loop, Session& session, Fd socket, Armed on_armed);

private:
    SessionLine(EventLoop& loop, Session& session, Fd socket, Armed on_armed)
        : loop_(loop), session_(session), on_armed_(std::move(on_armed)), socket_(std::move(socket)) {}
    // A line on which nobody speaks is a descriptor and nothing else: a bus connection would cost 12 KiB, and a look at it in
    // each turn of the loop.
    [[nodiscard]] Status rest();
    [[nodiscard]] Status serve(bool from_handshake);
    [[nodiscard]] Status rest_when_quiet();
    void wake();
    void arm(bus::Call call);
    void fetch(bus::Call call);
    void list_names(bus::Call call);
    void close(bus::Call call);
    [[nodiscard]] bus::Interface interface();
    [[nodiscard]] Result<bus::Message> armed_reply(bus::Call& call, const SecretPage& page) const;
    // When the session can serve, or with the reason why it can't.
    void when_served(bus::Call call, std::function<void(bus::Call&)> answer);
    void answer_arm(bus::Call& call, int pid);
    void answer_fetch(bus::Call& call, const std::string& name);

    EventLoop& loop_;
    Session& session_;
    Armed on_armed_;
    Fd socket_;
    Source spoken_;  // while it rests
    std::optional<bus::Connection> connection_;
    Source quiet_;
    bool spoke_ = false;          // since quiet_ was set
    std::size_t unanswered_ = 0;  // calls
    bus::Slot object_;
};

}  // namespace ct::secretd
