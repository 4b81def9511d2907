// SPDX-License-Identifier: Apache-2.0
// Shared by the files of this folder only.
#pragma once

#include <systemd/sd-bus.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/tally.h"
#include "bus/connection.h"

namespace ct::bus {

struct Slot::State {
    sd_bus_slot* slot = nullptr;
    // The closure that callbacks of this slot run. Shared, because it may drop its own slot and must outlive its call.
    std::shared_ptr<void> handler;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    State(State&&) = delete;
    State& operator=(State&&) = delete;
    ~State() { sd_bus_slot_unref(slot); }
};

// A closure over one incoming message (a signal or a reply), and the sd-bus callback that runs it.
using OnMessage = std::function<void(sd_bus_message*)>;
int run_on_message(sd_bus_message* message, void* slot_state, sd_bus_error*) noexcept;

using OnSender = std::function<void(Result<Sender>)>;

struct Connection::State {
    sd_bus* bus = nullptr;
    bool is_peer = false;
    Sender peer;
    std::function<void(const Call&, const Error&)> on_refused;
    Tally polkit_questions;  // open ones of each user; before what holds its tickets

    // Credentials by unique name. The bus never gives a unique name twice, and a connection cannot change them.
    std::unordered_map<std::string, Sender> senders;
    // Calls that wait for the credentials of one name, in their order of arrival.
    std::unordered_map<std::string, std::vector<OnSender>> waiting;

    // Of call_detached(): what waits for its answer, and what waits until one of them has come.
    std::unordered_map<std::uint64_t, Slot> pending;
    std::uint64_t next_pending = 0;
    struct Queued {
        Message call;
        std::function<void(Result<Message>)> done;
        std::chrono::microseconds timeout;
    };
    std::deque<Queued> queued;
    std::vector<Slot> permanent;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    State(State&&) = delete;
    State& operator=(State&&) = delete;
    ~State();

    // A handle for code that holds only the state.
    static Connection borrow(std::shared_ptr<State> self) { return Connection(std::move(self)); }
    static Status send_detached(const std::shared_ptr<State>& self, const Queued& queued);
    static void send_queued(const std::shared_ptr<State>& self);
    // Who sent this call; now or later.
    static void find_sender(const std::shared_ptr<State>& self, sd_bus_message* call, OnSender done);
};

Error error_from(const sd_bus_error* error, int code);
Error from_errno(int negative, std::string context);

}  // namespace ct::bus
