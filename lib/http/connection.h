// SPDX-License-Identifier: Apache-2.0
// One connected stream under one libcurl multi handle: HTTP/2 with all its requests at once, or HTTP/1.1 with one after
// the other. It never gets a second stream; when libcurl asks for one, the connection is over. Internal to lib/http.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "http/exchange.h"

namespace ct::http {

// libcurl insists on connecting: it has CURL_SOCKOPT_ALREADY_CONNECTED for streams that are, but 7.88 calls connect(2) all
// the same and gives up. So it gets a placeholder, a datagram socket that connects to itself, and in the moment before
// the TLS handshake the stream takes its place under the same descriptor number. Had it not, no byte could leave.
class Connection {
public:
    // Called when libcurl is done with an exchange, on the loop, from outside of libcurl.
    using Done = std::function<void(Connection&, std::unique_ptr<Exchange>, CURLcode)>;

    // Called when libcurl has done all it can and waits for the network or a clock.
    using Waiting = std::function<void()>;

    static Result<std::unique_ptr<Connection>> create(EventLoop& loop, Fd stream, Done done, Waiting waiting);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();  // exchanges that are still open are dropped

    // Takes a prepared exchange; on an error it stays the caller's.
    Status start(std::unique_ptr<Exchange>& exchange);
    // Takes it back before libcurl is done with it.
    std::unique_ptr<Exchange> cancel(Exchange* exchange);

    // It has its stream, and nothing says that the stream is dead.
    [[nodiscard]] bool usable() const { return usable_; }
    void condemn() { usable_ = false; }
    [[nodiscard]] std::size_t open() const { return exchanges_.size(); }
    // Watches an unused connection: `on_end` when the server closes it or after `most`.
    Status watch_idle(Millis most, const std::function<void()>& on_end);
    void end_idle();

private:
    struct MultiFree {
        void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
    };
    Connection(EventLoop& loop, Fd stream, Done done, Waiting waiting)
        : loop_(loop), stream_(std::move(stream)), done_(std::move(done)), waiting_(std::move(waiting)) {}
    Status prepare_stream();
    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*);
    static int on_timer(CURLM*, long milliseconds, void* self);
    static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr*);
    static CURLcode before_tls(CURL*, void* ssl_context, void* self);
    static int close_socket(void* self, curl_socket_t fd);
    void act(curl_socket_t fd, int mask);
    void collect();

    EventLoop& loop_;
    Fd stream_;            // until it takes the placeholder's place
    Fd placeholder_;       // until libcurl takes it
    std::string nowhere_;  // its name
    int taken_ = -1;       // the descriptor that libcurl has
    Done done_;
    Waiting waiting_;
    bool usable_ = true;
    Source timer_;
    std::map<int, Source> sockets_;
    Source idle_watch_, idle_timer_;
    std::map<Exchange*, std::unique_ptr<Exchange>> exchanges_;
    std::unique_ptr<CURLM, MultiFree> multi_;  // first to go: its callbacks use the members above
};

}  // namespace ct::http
