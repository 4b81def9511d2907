// SPDX-License-Identifier: Apache-2.0
// HTTPS over streams that somebody else connects (libcurl, HTTP/2 where the server has it, TLS 1.3). All bodies and all of
// curl's and OpenSSL's buffers come from the secret arena (call use_secret_arena() of http/memory.h first).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/secret_arena.h"
#include "loop/event.h"

namespace ct::http {

// Asks for a connected stream; answers exactly once, now or later.
using Dial = std::function<void(std::function<void(Result<Fd>)> answer)>;

struct Options {
    std::string host;           // for SNI, certificate check and Host:
    std::uint16_t port = 8200;  // for Host: only, the stream is connected already
    std::string ca_file;        // PEM bundle, the only trust anchors
    Millis timeout = limits::kVaultReplyTime;
    std::size_t reply_limit = limits::kVaultReply;
};

struct Request {
    std::string method = "GET";
    std::string path;  // starts with '/', already escaped
    std::vector<std::pair<std::string, SecretString>> headers = {};
    SecretBuffer body = {};
    // False: never sent a second time, whatever happened to the connection (unwrap, login, mint).
    bool idempotent = true;
};

struct Response {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    SecretBuffer body;
};

// Failures: upstream_* as dial gave them, tls_failed, timed_out, too_large, malformed, io_failed.
using Handler = std::function<void(Result<Response>)>;

struct Counters {
    std::uint64_t connections = 0;  // TLS handshakes
    std::uint64_t requests = 0;
    std::uint64_t flights = 0;  // groups of requests on the wire at the same time: network round trips
};

class Client {
public:
    Client(EventLoop& loop, Options options, Dial dial);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();  // open requests are dropped without a call

    // Never calls `handler` before it returns. Requests that are sent without waiting share one connection.
    void send(Request request, Handler handler);
    [[nodiscard]] const Counters& counters() const;
    [[nodiscard]] EventLoop& loop() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ct::http
