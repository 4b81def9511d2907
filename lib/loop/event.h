// SPDX-License-Identifier: Apache-2.0
// sd-event as RAII. One loop a daemon, one thread; handlers never block.
#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"

struct sd_event;
struct sd_event_source;

namespace ct {

// A registered event source. Dropping it unregisters; the callback never runs afterwards, not even when it is dropped
// from inside its own callback.
class [[nodiscard]] Source {
public:
    Source() noexcept;
    Source(Source&&) noexcept;
    Source& operator=(Source&&) noexcept;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source();
    explicit operator bool() const { return state_ != nullptr; }
    void reset();
    // For io sources: the new epoll mask.
    Status set_events(std::uint32_t events);

private:
    friend class EventLoop;
    struct State;
    explicit Source(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

class EventLoop {
public:
    static Result<EventLoop> create();
    EventLoop(EventLoop&&) noexcept;
    EventLoop& operator=(EventLoop&&) noexcept;
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    // epoll events (EPOLLIN, EPOLLOUT...); the descriptor stays the caller's and must outlive the source.
    Result<Source> add_io(int fd, std::uint32_t events, std::function<void(std::uint32_t revents)> on_ready);
    // Fires once, `delay` from now on CLOCK_BOOTTIME.
    Result<Source> add_timer(std::chrono::microseconds delay, std::function<void()> on_time);
    // Blocks the signal for the process and delivers it here.
    Result<Source> add_signal(int signal, std::function<void()> on_signal);
    // Runs once, soon, from the loop: the way to answer later without recursion.
    Result<Source> add_defer(std::function<void()> on_turn);
    // Fires once when the process behind the pidfd has ended.
    Result<Source> add_pidfd(int pidfd, std::function<void()> on_exit);

    // Answers systemd's watchdog if it asked for one (WATCHDOG_USEC).
    Status enable_watchdog();

    // Until exit(); returns its code.
    Result<int> run();
    // One turn of the loop, waiting at most `wait`; true if something ran. For tests and for synchronous clients.
    Result<bool> run_once(std::chrono::microseconds wait);
    void exit(int code);

    [[nodiscard]] BootTime now() const;       // CLOCK_BOOTTIME, read afresh
    [[nodiscard]] WallTime wall_now() const;  // CLOCK_REALTIME, read afresh
    [[nodiscard]] sd_event* raw() const { return event_; }

private:
    explicit EventLoop(sd_event* event) : event_(event) {}
    sd_event* event_ = nullptr;
};

}  // namespace ct
