// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <algorithm>
#include <deque>

#include "http/connection.h"
#include "http/memory.h"

namespace ct::http {
namespace {

// Servers close idle connections (OpenBao after 300 s). Closing first is cheaper than finding out with a request, and an
// unused connection holds keys.
constexpr Millis kIdle{60'000};

}  // namespace

struct Client::State final : Observer {
    State(EventLoop& l, Options o, Dial d) : loop(l), options(std::move(o)), dial(std::move(d)) {}

    EventLoop& loop;
    const Options options;
    Dial dial;
    Counters counters;
    // A flight ends with the first answer to one of its requests: what is sent after we have waited for that could have
    // depended on it. Answers that are read while requests are still being written, without a wait, do not count.
    bool flight_over = true;
    bool answered = false;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
    bool dialing = false;
    bool connection_counted = false;

    std::deque<std::unique_ptr<Exchange>> queue;  // waiting for a connection
    std::unique_ptr<Connection> current;
    std::vector<std::unique_ptr<Connection>> old;  // no new requests; their last ones are still open
    struct Finished {
        Handler handler;
        Result<Response> result;
    };
    std::deque<Finished> finished;
    Source turn;

    ~State() override { *alive = false; }

    void on_wire() override {
        ++counters.requests;
        if (!std::exchange(connection_counted, true)) ++counters.connections;
        if (std::exchange(flight_over, false)) ++counters.flights;
    }
    void on_reply_begun() override { answered = true; }

    // Everything that calls out or destroys happens in its own turn of the loop, never inside libcurl or send().
    void schedule() {
        if (turn) return;
        auto source = loop.add_defer([this] {
            turn.reset();
            take_turn();
        });
        if (source) turn = std::move(*source);
    }

    void take_turn() {
        std::erase_if(old, [](const auto& connection) { return connection->open() == 0; });
        start_queue();
        const auto still_alive = alive;
        while (!finished.empty()) {
            auto [handler, result] = std::move(finished.front());
            finished.pop_front();
            handler(std::move(result));
            if (!*still_alive) return;
        }
    }

    void finish(std::unique_ptr<Exchange> exchange, Result<Response> result) {
        exchange->deadline.reset();
        finished.push_back({exchange->take_handler(), std::move(result)});
        schedule();
    }

    void retire() {
        if (current) old.push_back(std::move(current));
        schedule();
    }

    void start_queue() {
        if (current && !current->usable()) retire();
        if (queue.empty()) return;
        if (!current) return call_out();
        auto waiting = std::exchange(queue, {});
        for (auto& exchange : waiting) {
            auto started = exchange->prepare(options, *this);
            if (started) started = current->start(exchange);
            if (!started) finish(std::move(exchange), std::unexpected(started.error()));
        }
    }

    void call_out() {
        if (std::exchange(dialing, true)) return;
        dial([this, still_alive = alive](Result<Fd> stream) {
            if (!*still_alive) return;
            dialing = false;
            auto made = stream ? connect(std::move(*stream)) : std::unexpected(stream.error());
            if (!made) {
                for (auto& exchange : std::exchange(queue, {}))
                    finish(std::move(exchange), std::unexpected(made.error()));
                return;
            }
            current = std::move(*made);
            connection_counted = false;
            schedule();
        });
    }

    Result<std::unique_ptr<Connection>> connect(Fd stream) {
        return Connection::create(
            loop, std::move(stream),
            [this](Connection& connection, std::unique_ptr<Exchange> exchange, CURLcode code) {
                done(connection, std::move(exchange), code);
            },
            [this] { flight_over = std::exchange(answered, false) || flight_over; });
    }

    void done(Connection& connection, std::unique_ptr<Exchange> exchange, CURLcode code) {
        if (code != CURLE_OK && exchange->may_try_again(code)) {
            connection.condemn();
            queue.push_back(std::move(exchange));
            schedule();
            return;
        }
        auto result = exchange->result(code);
        finish(std::move(exchange), std::move(result));
        if (connection.open() == 0 && std::ranges::all_of(old, [](const auto& one) { return one->open() == 0; }) &&
            (!current || current->open() == 0))
            wipe_input();
        if (&connection == current.get() && connection.open() == 0 && connection.usable()) {
            const auto watched = connection.watch_idle(kIdle, [this] { retire(); });
            if (!watched) retire();
        }
    }

    void time_out(Exchange* exchange) {
        std::unique_ptr<Exchange> owner;
        const auto waiting = std::ranges::find(queue, exchange, &std::unique_ptr<Exchange>::get);
        if (waiting != queue.end()) {
            owner = std::move(*waiting);
            queue.erase(waiting);
        } else {
            // A connection on which a request got no answer at all may be dead without a word: no new ones on it.
            if (current) owner = current->cancel(exchange);
            if (owner && owner->on_wire()) retire();
            for (auto& connection : old)
                if (!owner) owner = connection->cancel(exchange);
        }
        if (owner) finish(std::move(owner), fail(Reason::timed_out, "no answer in time"));
    }
};

Client::Client(EventLoop& loop, Options options, Dial dial)
    : state_(std::make_unique<State>(loop, std::move(options), std::move(dial))) {}
Client::~Client() = default;

void Client::send(Request request, Handler handler) {
    State& state = *state_;
    auto exchange = std::make_unique<Exchange>(std::move(request), std::move(handler));
    if (auto fine = exchange->check(); !fine) return state.finish(std::move(exchange), std::unexpected(fine.error()));
    auto deadline =
        state.loop.add_timer(state.options.timeout, [&state, key = exchange.get()] { state.time_out(key); });
    if (!deadline) return state.finish(std::move(exchange), std::unexpected(deadline.error()));
    exchange->deadline = std::move(*deadline);
    state.queue.push_back(std::move(exchange));
    state.schedule();
}

const Counters& Client::counters() const { return state_->counters; }
EventLoop& Client::loop() const { return state_->loop; }

}  // namespace ct::http
