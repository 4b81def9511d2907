// SPDX-License-Identifier: Apache-2.0
// A loop and a client, used as if calls waited for their answers.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "crypto/memory.h"
#include "http/client.h"
#include "http/memory.h"
#include "loop/event.h"

namespace ct::test {

// Turns the loop until `ready`, for at most `most`.
template <class Ready>
bool turn_until(EventLoop& loop, Ready ready, Millis most = Millis(30'000)) {
    const BootTime deadline = loop.now() + most;
    while (!ready()) {
        const auto left = deadline - loop.now();
        if (left <= std::chrono::microseconds(0) || !loop.run_once(left)) return ready();
    }
    return true;
}

struct HttpRig {
    explicit HttpRig(http::Options options, http::Dial dial)
        : loop(std::move(EventLoop::create().value())),
          client(std::make_unique<http::Client>(loop, std::move(options), std::move(dial))) {}

    // Runs `call(handler)` and waits for the one Result<T> that it gives to the handler.
    template <class T, class Call>
    Result<T> wait(Call call, Millis most = Millis(30'000)) {
        std::optional<Result<T>> got;
        call([&got](Result<T> result) { got.emplace(std::move(result)); });
        if (!turn_until(loop, [&] { return got.has_value(); }, most)) return fail(Reason::internal, "no answer at all");
        return std::move(*got);
    }
    Result<http::Response> send(http::Request request) {
        return wait<http::Response>([&](auto handler) { client->send(std::move(request), handler); });
    }
    Result<http::Response> get(std::string path, std::string_view token = {}) {
        http::Request request{.path = std::move(path)};
        if (!token.empty()) request.headers.emplace_back("x-vault-token", SecretString(token));
        return send(std::move(request));
    }

    EventLoop loop;
    std::unique_ptr<http::Client> client;
};

}  // namespace ct::test
