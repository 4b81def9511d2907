// SPDX-License-Identifier: Apache-2.0
// A connection: to the system bus, or one end of a peer-to-peer line. sd-bus stays behind this folder.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "bus/interface.h"
#include "bus/message.h"
#include "bus/slot.h"
#include "loop/event.h"

struct sd_bus;

namespace ct::bus {

inline constexpr std::string_view kDaemonPathPrefix = "/io/cloudtaser/";
inline constexpr Millis kCallTimeout{25'000};  // what D-Bus clients use when they state nothing

struct Destination {
    std::string service;  // bus name; empty on a peer line
    std::string path;
    std::string interface;
};

struct CallFlags {
    bool interactive = false;   // polkit may ask the person
    bool no_autostart = false;  // do not activate the service
    bool sensitive = false;     // erase the memory of call and reply
};

class [[nodiscard]] Connection {
public:
    struct State;

    // The system bus, or the one that DBUS_SYSTEM_BUS_ADDRESS names (ignored in setuid programs).
    // daemon_unavailable when there is none. Blocks for the handshake at most a few milliseconds: for start-up.
    static Result<Connection> open_system(const char* description);
    // Peer to peer over a connected AF_UNIX stream socket, which it takes over: the serving end and the asking end.
    // Authentication is anonymous: who holds the other end of the socket is the peer. The handshake runs from the loop;
    // only sending a descriptor before it is done blocks for it.
    static Result<Connection> serve_peer(Fd socket);
    static Result<Connection> open_peer(Fd socket);
    // The serving end of a line whose handshake another process did before: it goes on with the next message.
    static Result<Connection> resume_peer(Fd socket);

    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    // Closes at once; what a stuck peer has not taken yet is lost. Slots may outlive it, and are dead then.
    ~Connection();

    // Dispatches from the loop. Without it only call() works.
    Status attach(EventLoop& loop);
    // Once, when the connection is gone: the other side closed it, died, or broke the protocol.
    Status on_closed(std::function<void()> handler);
    // Nothing is on its way in either direction: a peer line could be dropped now and resumed later.
    [[nodiscard]] bool is_idle() const;
    // Owns the name from now on; io_failed with EEXIST when somebody else does.
    Status request_name(const std::string& name);
    // Blocks until everything is sent: for command-line programs.
    Status flush();
    [[nodiscard]] std::string unique_name() const;  // empty on a peer line
    // The other end of a peer line, from SO_PEERCRED: who made the socket pair or connected.
    [[nodiscard]] Result<Sender> peer() const;

    // Serves an interface at a path until the slot is dropped. Calls whose access check is still pending then are
    // answered with `cancelled`.
    Result<Slot> serve(const std::string& path, const Interface& interface);
    // Told of every call that an access rule turned away: for the audit stream.
    void on_refused(std::function<void(const Call&, const Error&)> handler);
    // Answers every method call of this connection, whatever its object: nothing, or the error. Before all that is served.
    Status answer_all(std::function<Status(std::string_view interface, std::string_view member)> answer);
    Status emit(const std::string& path, const std::string& interface, const char* member,
                const std::function<Status(Message&)>& fill = {});
    Status emit_changed(const std::string& path, const std::string& interface,
                        std::initializer_list<const char*> properties);

    // Calling others.
    Result<Message> new_call(const Destination& to, const char* member, CallFlags flags = {});
    // `done` runs once from the loop with the reply or ct::Error (bus/error.h); dropping the slot cancels.
    Result<Slot> call_async(const Message& call, std::function<void(Result<Message>)> done,
                            std::chrono::microseconds timeout = kCallTimeout);
    // The same without a handle: `done` runs unless the connection goes first. Goes out when there is room among the calls
    // that the bus lets wait; its time runs from then.
    Status call_detached(const Message& call, std::function<void(Result<Message>)> done,
                         std::chrono::microseconds timeout = kCallTimeout);
    // Blocks. For command-line programs; daemons never call it after start-up.
    Result<Message> call(const Message& call, std::chrono::microseconds timeout = kCallTimeout);
    // The same, with work to do in the time: `meanwhile` runs once, when the call is on its way.
    Result<Message> call(const Message& call, std::chrono::microseconds timeout,
                         const std::function<void()>& meanwhile);
    // For each such signal until the slot is dropped.
    Result<Slot> subscribe(const Destination& from, const char* member, std::function<void(Message&)> on_signal);

    [[nodiscard]] sd_bus* raw() const;
    [[nodiscard]] std::weak_ptr<State> state() const { return state_; }

private:
    explicit Connection(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace ct::bus
