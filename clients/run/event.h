// SPDX-License-Identifier: Apache-2.0
// What happens to a process while one of its execs is carried, and the box in which a passage waits for it.
#pragma once

#include <coroutine>
#include <deque>
#include <optional>
#include <utility>

#include "clients/run/seccomp.h"

namespace ct::run {

struct Event {
    enum class Kind {
        gone,     // it has ended
        exec,     // PTRACE_EVENT_EXEC: a new image is in place, the thread is still inside execve
        syscall,  // at the entry to or the exit from a system call
        trap,     // at the return to user mode: our interrupt, or job control
        signal,   // about to take a signal
        call,     // waiting in the listener
    };
    Kind kind;
    int signal = 0;
    std::optional<ExecCall> call = std::nullopt;
};

// Decodes a wait(2) status of a thread that we hold.
Event event_from_status(int status);

// One passage waits at most; events that come earlier are kept in order.
class Mailbox {
public:
    void put(Event event) {
        events_.push_back(std::move(event));
        if (auto waiting = std::exchange(waiting_, {})) waiting.resume();  // `this` may be gone after it
    }
    auto next() {
        struct Next {
            Mailbox& box;
            bool await_ready() const { return !box.events_.empty(); }
            void await_suspend(std::coroutine_handle<> waiting) { box.waiting_ = waiting; }
            Event await_resume() {
                Event event = std::move(box.events_.front());
                box.events_.pop_front();
                return event;
            }
        };
        return Next{*this};
    }

private:
    std::deque<Event> events_;
    std::coroutine_handle<> waiting_;
};

}  // namespace ct::run
