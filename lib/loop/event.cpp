// SPDX-License-Identifier: Apache-2.0
#include "loop/event.h"

#include <systemd/sd-event.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <utility>

namespace ct {
namespace {

std::uint64_t read_clock(clockid_t clock) {
    timespec t{};
    static_cast<void>(::clock_gettime(clock, &t));  // fails for unknown clocks only
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_nsec) / 1'000;
}

// sd-event's default accuracy of 250 ms coalesces wakeups, but would also blur every timeout of a release.
constexpr std::uint64_t kAccuracy = 1'000;

// What the C callback gets. Shared, because a handler may drop its own Source: the closure must outlive its own call.
template <class... Args>
struct Handler {
    std::function<void(Args...)> call;
};

}  // namespace

struct Source::State {
    sd_event_source* source = nullptr;
    std::shared_ptr<void> handler;  // the Handler<...>, type erased; the source's userdata is this State

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    State(State&&) = delete;
    State& operator=(State&&) = delete;
    ~State() { sd_event_source_disable_unref(source); }

    template <class... Args>
    static void dispatch(void* userdata, Args... args) noexcept {
        const std::shared_ptr<void> keep = static_cast<State*>(userdata)->handler;
        static_cast<Handler<Args...>*>(keep.get())->call(args...);
    }
};

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::Source() noexcept = default;
Source::Source(Source&&) noexcept = default;
Source& Source::operator=(Source&&) noexcept = default;
Source::~Source() = default;
void Source::reset() { state_.reset(); }

Status Source::set_events(std::uint32_t events) {
    if (!state_) return fail(Reason::internal, "set_events on a dropped source");
    if (const int r = sd_event_source_set_io_events(state_->source, events); r < 0)
        return fail_errno(Reason::io_failed, "sd_event_source_set_io_events", -r);
    return {};
}

Result<EventLoop> EventLoop::create() {
    sd_event* event = nullptr;
    if (const int r = sd_event_new(&event); r < 0) return fail_errno(Reason::io_failed, "sd_event_new", -r);
    return EventLoop(event);
}

EventLoop::EventLoop(EventLoop&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
EventLoop& EventLoop::operator=(EventLoop&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
}
EventLoop::~EventLoop() { sd_event_unref(event_); }

Result<Source> EventLoop::add_io(int fd, std::uint32_t events, std::function<void(std::uint32_t)> on_ready) {
    auto state = std::make_unique<Source::State>();
    state->handler = std::make_shared<Handler<std::uint32_t>>(std::move(on_ready));
    const auto callback = [](sd_event_source*, int, std::uint32_t revents, void* userdata) noexcept {
        Source::State::dispatch<std::uint32_t>(userdata, revents);
        return 0;
    };
    if (const int r = sd_event_add_io(event_, &state->source, fd, events, callback, state.get()); r < 0)
        return fail_errno(Reason::io_failed, "sd_event_add_io", -r);
    return Source(std::move(state));
}

Result<Source> EventLoop::add_timer(std::chrono::microseconds delay, std::function<void()> on_time) {
    auto state = std::make_unique<Source::State>();
    state->handler = std::make_shared<Handler<>>(std::move(on_time));
    const auto callback = [](sd_event_source*, std::uint64_t, void* userdata) noexcept {
        Source::State::dispatch<>(userdata);
        return 0;
    };
    // From the clock, not from sd_event_now(): that one stands still while a handler works.
    const std::uint64_t at =
        read_clock(CLOCK_BOOTTIME) + static_cast<std::uint64_t>(std::max<std::int64_t>(0, delay.count()));
    if (const int r = sd_event_add_time(event_, &state->source, CLOCK_BOOTTIME, at, kAccuracy, callback, state.get());
        r < 0)
        return fail_errno(Reason::io_failed, "sd_event_add_time", -r);
    return Source(std::move(state));
}

Result<Source> EventLoop::add_signal(int signal, std::function<void()> on_signal) {
    sigset_t set;
    ::sigemptyset(&set);
    if (::sigaddset(&set, signal) < 0) return fail_errno(Reason::invalid_argument, "not a signal");
    if (const int r = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); r != 0)
        return fail_errno(Reason::io_failed, "pthread_sigmask", r);
    auto state = std::make_unique<Source::State>();
    state->handler = std::make_shared<Handler<>>(std::move(on_signal));
    const auto callback = [](sd_event_source*, const signalfd_siginfo*, void* userdata) noexcept {
        Source::State::dispatch<>(userdata);
        return 0;
    };
    if (const int r = sd_event_add_signal(event_, &state->source, signal, callback, state.get()); r < 0)
        return fail_errno(Reason::io_failed, "sd_event_add_signal", -r);
    return Source(std::move(state));
}

Result<Source> EventLoop::add_defer(std::function<void()> on_turn) {
    auto state = std::make_unique<Source::State>();
    state->handler = std::make_shared<Handler<>>(std::move(on_turn));
    const auto callback = [](sd_event_source*, void* userdata) noexcept {
        Source::State::dispatch<>(userdata);
        return 0;
    };
    if (const int r = sd_event_add_defer(event_, &state->source, callback, state.get()); r < 0)
        return fail_errno(Reason::io_failed, "sd_event_add_defer", -r);
    return Source(std::move(state));
}

Result<Source> EventLoop::add_pidfd(int pidfd, std::function<void()> on_exit) {
    // Not sd_event_add_child_pidfd(): it reaps, and the processes we watch are other people's children.
    CT_TRY(Source source, add_io(pidfd, EPOLLIN, [on_exit = std::move(on_exit)](std::uint32_t) { on_exit(); }));
    if (const int r = sd_event_source_set_enabled(source.state_->source, SD_EVENT_ONESHOT); r < 0)
        return fail_errno(Reason::io_failed, "sd_event_source_set_enabled", -r);
    return source;
}

Status EventLoop::enable_watchdog() {
    if (const int r = sd_event_set_watchdog(event_, 1); r < 0)
        return fail_errno(Reason::io_failed, "sd_event_set_watchdog", -r);
    return {};
}

Result<int> EventLoop::run() {
    while (sd_event_get_state(event_) != SD_EVENT_FINISHED)
        if (const int r = sd_event_run(event_, UINT64_MAX); r < 0)
            return fail_errno(Reason::io_failed, "sd_event_run", -r);
    int code = 0;
    if (const int r = sd_event_get_exit_code(event_, &code); r < 0)
        return fail_errno(Reason::io_failed, "sd_event_get_exit_code", -r);
    return code;
}

Result<bool> EventLoop::run_once(std::chrono::microseconds wait) {
    const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wait.count()));
    const int r = sd_event_run(event_, limit);
    if (r < 0) return fail_errno(Reason::io_failed, "sd_event_run", -r);
    return r > 0;
}

void EventLoop::exit(int code) { sd_event_exit(event_, code); }

BootTime EventLoop::now() const {
    return BootTime(std::chrono::microseconds(static_cast<std::int64_t>(read_clock(CLOCK_BOOTTIME))));
}

WallTime EventLoop::wall_now() const {
    return WallTime(std::chrono::microseconds(static_cast<std::int64_t>(read_clock(CLOCK_REALTIME))));
}

}  // namespace ct
