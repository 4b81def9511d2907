// SPDX-License-Identifier: Apache-2.0
// Events of one object, handled from the loop and never from inside the call that reports them: a handler may drop the
// object that reported, and no two handlers of one object are ever on the stack together.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "loop/event.h"

namespace ct::secretd {

template <class Event>
class Inbox {
public:
    Inbox(EventLoop& loop, std::function<void(Event)> handler)
        : state_(std::make_shared<State>(State{loop, std::move(handler), {}, {}})) {}
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;
    ~Inbox() { state_->handler = nullptr; }

    void post(Event event) { push(state_, std::move(event)); }
    // Expires with the inbox: for callbacks that touch their object before they post.
    [[nodiscard]] std::weak_ptr<void> alive() const { return state_; }
    // A callback that posts what it is given; does nothing once the inbox is gone.
    template <class T, class Make>
    std::function<void(Result<T>)> reply(Make make) {
        return [weak = std::weak_ptr<State>(state_), make = std::move(make)](Result<T> result) {
            if (auto state = weak.lock(); state && state->handler) push(state, make(std::move(result)));
        };
    }

private:
    struct State {
        EventLoop& loop;
        std::function<void(Event)> handler;
        std::list<Event> waiting;  // which costs nothing while it is empty
        Source turn;
    };
    static void push(const std::shared_ptr<State>& state, Event event) {
        state->waiting.push_back(std::move(event));
        if (state->waiting.size() > 1) return;
        auto turn = state->loop.add_defer([weak = std::weak_ptr<State>(state)] {
            const auto self = weak.lock();
            while (self && self->handler && !self->waiting.empty()) {
                // Copied: the handler may destroy the inbox and with it the stored function.
                const auto handler = self->handler;
                Event next = std::move(self->waiting.front());
                self->waiting.pop_front();
                handler(std::move(next));
            }
        });
        // Without memory for a deferred call there is no way on: the deadline of the object's owner ends it.
        if (turn) state->turn = std::move(*turn);
    }
    std::shared_ptr<State> state_;
};

}  // namespace ct::secretd
