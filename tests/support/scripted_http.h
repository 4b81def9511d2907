// SPDX-License-Identifier: Apache-2.0
// A TLS server that follows a script, for the faults that a real server can't be made to show. HTTP/1.1 by hand.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "support/authority.h"

struct ssl_st;
struct ssl_ctx_st;

namespace ct::test {

class ScriptedHttp {
public:
    // The server's side of one connection, on the server's thread. Reads give up after 20 s.
    class Peer {
    public:
        // The next request with its body (Content-Length only); empty when the client closed.
        std::string read_request();
        // One TLS record each.
        void write(std::string_view bytes);
        // A whole answer: status line, Content-Length, body.
        void answer(int status, std::string_view body, std::string_view more_headers = {});
        // Until the client closes; true if it did.
        bool wait_closed();
        // Says that nothing more will come (close_notify and FIN), and keeps listening.
        void shut();
        // RST instead of a tidy end.
        void reset();

    private:
        friend class ScriptedHttp;
        explicit Peer(ScriptedHttp& server, int fd, ssl_st* ssl) : server_(server), fd_(fd), ssl_(ssl) {}
        ScriptedHttp& server_;
        int fd_;
        ssl_st* ssl_;
        std::string pending_;
    };
    // When a script returns its connection is closed: close_notify and FIN.
    using Script = std::function<void(Peer&)>;

    // Connection n is served by scripts[n]; when they are used up, further connections are closed at once.
    ScriptedHttp(const Authority::Identity& identity, std::vector<Script> scripts, bool tls13 = true);
    ScriptedHttp(const ScriptedHttp&) = delete;
    ScriptedHttp& operator=(const ScriptedHttp&) = delete;
    ~ScriptedHttp();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }
    // All requests that were read so far.
    [[nodiscard]] std::vector<std::string> requests() const;
    // Waits until all scripts have run.
    void join();
    [[nodiscard]] bool finished() const { return finished_; }

private:
    void serve();
    Fd listener_;
    std::uint16_t port_ = 0;
    std::vector<Script> scripts_;
    ssl_ctx_st* context_ = nullptr;
    std::atomic<int> connections_ = 0;
    std::atomic<bool> finished_ = false;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

}  // namespace ct::test
