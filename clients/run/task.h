// SPDX-License-Identifier: Apache-2.0
// Coroutines for the guard: each exec that is being carried reads as a list of steps, and many of them wait at once in
// one thread. A Task runs when it is awaited; Job is the outermost one, which starts at once and owns itself.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <optional>
#include <utility>

namespace ct::run {

template <class T>
class [[nodiscard]] Task {
public:
    struct promise_type {
        std::optional<T> value;
        std::coroutine_handle<> awaiting;

        Task get_return_object() { return Task(Handle::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Resume {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(Handle done) noexcept { return done.promise().awaiting; }
                void await_resume() noexcept {}
            };
            return Resume{};
        }
        template <class U>
        void return_value(U&& result) {
            value.emplace(std::forward<U>(result));
        }
        // No exception crosses a function here; one that tries (bad_alloc) leaves no way to go on safely.
        void unhandled_exception() { std::abort(); }
    };
    using Handle = std::coroutine_handle<promise_type>;

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle_.promise().awaiting = awaiting;
        return handle_;
    }
    T await_resume() { return std::move(*handle_.promise().value); }

private:
    explicit Task(Handle handle) : handle_(handle) {}
    Handle handle_;
};

struct Job {
    struct promise_type {
        Job get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::abort(); }
    };
};

}  // namespace ct::run

// CT_TRY and CT_CHECK (base/result.h) for coroutines.
// NOLINTBEGIN(bugprone-macro-parentheses): as CT_TRY
#define CT_CO_TRY_(tmp, decl, expr)                                                                                    \
    auto tmp = (expr);                                                                                                 \
    if (!tmp) co_return std::unexpected(std::move(tmp).error());                                                       \
    decl = std::move(*tmp)
#define CT_CO_TRY(decl, expr) CT_CO_TRY_(CT_CONCAT(ct_try_, __COUNTER__), decl, expr)
// NOLINTEND(bugprone-macro-parentheses)
#define CT_CO_CHECK(expr)                                                                                              \
    do {                                                                                                               \
        if (auto ct_status = (expr); !ct_status) co_return std::unexpected(std::move(ct_status).error());              \
    } while (false)
