// SPDX-License-Identifier: Apache-2.0
// TCP out, without blocking the loop: neither the name look-up (on a thread of its own) nor the connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "loop/event.h"

namespace ct {

struct Endpoint {
    std::string host;  // a name, an IPv4 or an IPv6 address (without brackets)
    std::uint16_t port = 0;
    bool operator==(const Endpoint&) const = default;
};
// "host:port" or "[IPv6]:port". invalid_argument, with words that say what to write.
Result<Endpoint> parse_endpoint(std::string_view text);
// As it is written: "host:port", "[IPv6]:port".
std::string to_string(const Endpoint& endpoint);

// A connection in the making. Dropping it gives up: the callback does not run any more.
class [[nodiscard]] Connecting {
public:
    Connecting();
    Connecting(Connecting&&) noexcept;
    Connecting& operator=(Connecting&&) noexcept;
    ~Connecting();
    explicit operator bool() const { return state_ != nullptr; }

private:
    friend Result<Connecting> connect_tcp(EventLoop&, const Endpoint&, Millis, std::function<void(Result<Fd>)>);
    struct State;
    std::shared_ptr<State> state_;
};

// Tries each address of the name in turn within `timeout` for all of them. `done` runs once, from the loop, with a
// connected non-blocking CLOEXEC socket that has TCP_NODELAY, or upstream_unreachable, or timed_out.
Result<Connecting> connect_tcp(EventLoop& loop, const Endpoint& to, Millis timeout,
                               std::function<void(Result<Fd>)> done);

}  // namespace ct
