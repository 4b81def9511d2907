// SPDX-License-Identifier: Apache-2.0
// Between the process that becomes the program and its guard, until the program runs: a pair of packet sockets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ct::run {

class LauncherEnd {
public:
    explicit LauncherEnd(Fd socket) : socket_(std::move(socket)) {}
    // Both: the guard's own reason, or guard_failed, when it is gone.
    Status send_line(Fd line);
    Status send_listener(Fd listener);
    // The names that the program gets, once the guard is ready; or its refusal. guard_failed when it is gone.
    Result<std::vector<std::string>> names();
    // After a failed execve: why the guard refused it, if it did.
    std::optional<Error> refusal();

private:
    Status send_fd(char tag, const Fd& fd);
    Fd socket_;
};

class GuardEnd {
public:
    explicit GuardEnd(Fd socket) : socket_(std::move(socket)) {}
    [[nodiscard]] int fd() const { return socket_.get(); }
    // Both: `cancelled` when the launcher is gone.
    Result<Fd> line();
    Result<Fd> listener();
    Status send_names(const std::vector<std::string>& names);
    void send_refusal(const Error& error);
    void close() { socket_.reset(); }

private:
    Result<Fd> receive_fd(char tag);
    Fd socket_;
};

struct Channel {
    LauncherEnd launcher;
    GuardEnd guard;
};
Result<Channel> open_channel();

}  // namespace ct::run
