// SPDX-License-Identifier: Apache-2.0
#include "loop/connect.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace ct {
namespace {

constexpr std::size_t kAddresses = 16;  // of one name; more would not be tried in any sensible timeout
constexpr std::size_t kHostLength = 253;

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

// What the resolving thread leaves behind. The thread may outlive whoever asked: getaddrinfo cannot be cancelled.
struct Lookup {
    std::mutex mutex;
    std::vector<Address> addresses;
    int error = 0;  // of getaddrinfo
    Fd done;        // eventfd
};

std::vector<Address> take(const addrinfo* list) {
    std::vector<Address> out;
    for (const auto* at = list; at != nullptr && out.size() < kAddresses; at = at->ai_next) {
        Address one;
        std::memcpy(&one.storage, at->ai_addr, at->ai_addrlen);
        one.size = at->ai_addrlen;
        out.push_back(one);
    }
    return out;
}

int resolve(const Endpoint& to, int flags, std::vector<Address>& out) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | flags;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &list);
    if (error == 0) out = take(list);
    if (list != nullptr) ::freeaddrinfo(list);
    return error;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto bad = [&] {
        return fail(Reason::invalid_argument, "\"" + std::string(text.substr(0, kHostLength)) +
                                                  "\": write host:port, such as vault.example:8200 or [::1]:8200");
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad();
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return bad();
    const bool plain = std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == ':' || c == '%';
    });
    if (host.empty() || host.size() > kHostLength || !plain) return bad();
    Endpoint out{std::string(host), 0};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0) return bad();
    return out;
}

std::string to_string(const Endpoint& endpoint) {
    const bool v6 = endpoint.host.find(':') != std::string::npos;
    return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

struct Connecting::State : std::enable_shared_from_this<State> {
    EventLoop& loop;
    Endpoint to;
    std::function<void(Result<Fd>)> done;
    std::shared_ptr<Lookup> lookup;
    std::vector<Address> addresses;
    std::size_t next = 0;
    BootTime deadline;
    Fd socket;
    Source ready, overall, attempt;
    Error last{Reason::upstream_unreachable, "no address", 0};

    State(EventLoop& l, Endpoint e, std::function<void(Result<Fd>)> d)
        : loop(l), to(std::move(e)), done(std::move(d)) {}

    // Ends it: the callback may drop this object.
    void finish(Result<Fd> result) {
        const auto keep = shared_from_this();
        ready.reset();
        overall.reset();
        attempt.reset();
        auto call = std::move(done);
        if (call) call(std::move(result));
    }
    void give_up(Error error) {
        error.context = to_string(to) + (error.context.empty() ? "" : ": " + error.context);
        finish(std::unexpected(std::move(error)));
    }

    Status start(Millis timeout) {
        deadline = loop.now() + timeout;
        CT_TRY(overall, loop.add_timer(timeout, [this] { give_up({Reason::timed_out, "no connection in time", 0}); }));
        // An address needs no thread.
        if (resolve(to, AI_NUMERICHOST, addresses) == 0) {
            CT_TRY(attempt, loop.add_defer([this] { try_next(); }));
            return {};
        }
        lookup = std::make_shared<Lookup>();
        lookup->done = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!lookup->done) return fail_errno(Reason::io_failed, "eventfd");
        CT_TRY(ready, loop.add_io(lookup->done.get(), EPOLLIN, [this](std::uint32_t) { resolved(); }));
        return start_thread();
    }

    Status start_thread() const {
        try {
            std::thread([to = to, lookup = lookup] {
                std::vector<Address> found;
                const int error = resolve(to, 0, found);
                {
                    const std::scoped_lock lock(lookup->mutex);
                    lookup->addresses = std::move(found);
                    lookup->error = error;
                }
                ::eventfd_write(lookup->done.get(), 1);
            }).detach();
        } catch (const std::system_error& error) {
            return fail_errno(Reason::io_failed, "no thread for the name look-up", error.code().value());
        }
        return {};
    }

    void resolved() {
        ready.reset();
        int error = 0;
        {
            const std::scoped_lock lock(lookup->mutex);
            addresses = std::move(lookup->addresses);
            error = lookup->error;
        }
        if (error != 0) return give_up({Reason::upstream_unreachable, ::gai_strerror(error), 0});
        try_next();
    }

    void try_next() {
        ready.reset();
        attempt.reset();
        socket.reset();
        while (next < addresses.size()) {
            const auto& address = addresses[next++];
            if (begin(address)) return;
        }
        give_up(last);
    }

    // True while there is something to wait for, or all is done.
    bool begin(const Address& address) {
        socket = Fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket) return failed(errno);
        const int one = 1;
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        const int r = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage),  // NOLINT: BSD API
                                address.size);
        if (r == 0) {
            finish(std::move(socket));
            return true;
        }
        if (errno != EINPROGRESS) return failed(errno);
        auto watching = loop.add_io(socket.get(), EPOLLOUT, [this](std::uint32_t) { connected(); });
        // The addresses that are left share the time that is left.
        const auto left = std::max<std::chrono::microseconds>(deadline - loop.now(), Millis{0});
        const auto share = left / static_cast<long>(addresses.size() - next + 1);
        auto waiting = loop.add_timer(share, [this] {
            failed(ETIMEDOUT);
            try_next();
        });
        if (!watching || !waiting) return failed(ENOMEM);
        ready = std::move(*watching);
        if (next < addresses.size()) attempt = std::move(*waiting);
        return true;
    }

    bool failed(int error) {
        last = {Reason::upstream_unreachable, "connect", error};
        return false;
    }

    void connected() {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0) return finish(std::move(socket));
        failed(error);
        try_next();
    }
};

Connecting::Connecting() = default;
Connecting::Connecting(Connecting&&) noexcept = default;
Connecting& Connecting::operator=(Connecting&& other) noexcept {
    const Connecting old(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
}
Connecting::~Connecting() {
    if (!state_) return;
    // A callback in progress may hold the state; it must find nothing more to do.
    state_->done = nullptr;
    state_->ready.reset();
    state_->overall.reset();
    state_->attempt.reset();
}

Result<Connecting> connect_tcp(EventLoop& loop, const Endpoint& to, Millis timeout,
                               std::function<void(Result<Fd>)> done) {
    Connecting out;
    out.state_ = std::make_shared<Connecting::State>(loop, to, std::move(done));
    CT_CHECK(out.state_->start(timeout));
    return out;
}

}  // namespace ct
