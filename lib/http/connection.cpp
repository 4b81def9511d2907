// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

#include "base/registers.h"

namespace ct::http {
namespace {

constexpr long kParallelStreams = 256;

Connection& from(void* self) { return *static_cast<Connection*>(self); }

}  // namespace

Result<std::unique_ptr<Connection>> Connection::create(EventLoop& loop, Fd stream, Done done, Waiting waiting) {
    std::unique_ptr<Connection> made(new Connection(loop, std::move(stream), std::move(done), std::move(waiting)));
    CT_CHECK(made->prepare_stream());
    made->multi_.reset(curl_multi_init());
    CURLM* multi = made->multi_.get();
    if (multi == nullptr) return fail(Reason::memlock_limit, "secret memory is exhausted");
    bool ok = true;
    const auto set = [&](CURLMoption option, auto value) {
        ok = ok && curl_multi_setopt(multi, option, value) == CURLM_OK;
    };
    set(CURLMOPT_SOCKETFUNCTION, &Connection::on_socket);
    set(CURLMOPT_SOCKETDATA, made.get());
    set(CURLMOPT_TIMERFUNCTION, &Connection::on_timer);
    set(CURLMOPT_TIMERDATA, made.get());
    set(CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    set(CURLMOPT_MAX_TOTAL_CONNECTIONS, 1L);
    set(CURLMOPT_MAX_CONCURRENT_STREAMS, kParallelStreams);
    if (!ok) return fail(Reason::internal, "libcurl refuses an option");
    return made;
}

Status Connection::prepare_stream() {
    const int flags = ::fcntl(stream_.get(), F_GETFL);
    if (flags < 0 || ::fcntl(stream_.get(), F_SETFL, flags | O_NONBLOCK) < 0)
        return fail_errno(Reason::io_failed, "O_NONBLOCK on a stream");
    const int one = 1;  // ENOTSUP on AF_UNIX, where nothing waits anyway
    static_cast<void>(::setsockopt(stream_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));

    placeholder_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof(address.sun_family);            // autobind (unix(7)): the kernel picks an abstract name
    auto* generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the socket API
    if (!placeholder_ || ::bind(placeholder_.get(), generic, size) < 0) return fail_errno(Reason::io_failed, "socket");
    size = sizeof(address);
    if (::getsockname(placeholder_.get(), generic, &size) < 0) return fail_errno(Reason::io_failed, "getsockname");
    const std::size_t before_name = offsetof(sockaddr_un, sun_path) + 1;  // its leading NUL
    if (size <= before_name) return fail(Reason::internal, "abstract name of a socket");
    nowhere_.assign(&address.sun_path[1], size - before_name);
    return {};
}

Connection::~Connection() {
    usable_ = false;
    for (auto& [exchange, owner] : exchanges_)
        curl_multi_remove_handle(multi_.get(), exchange->easy());
    exchanges_.clear();
    multi_.reset();
    if (taken_ >= 0) ::close(taken_);  // libcurl let go of it without a word; never seen
}

Status Connection::start(std::unique_ptr<Exchange>& exchange) {
    end_idle();
    CURL* easy = exchange->easy();
    const bool ok = curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, nowhere_.c_str()) == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Connection::open_socket) == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this) == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &Connection::before_tls) == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this) == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &Connection::close_socket) == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this) == CURLE_OK &&
                    curl_multi_add_handle(multi_.get(), easy) == CURLM_OK;
    if (!ok) return fail(Reason::internal, "libcurl refuses a request");
    Exchange* key = exchange.get();
    exchanges_.emplace(key, std::move(exchange));
    return {};
}

std::unique_ptr<Exchange> Connection::cancel(Exchange* exchange) {
    auto node = exchanges_.extract(exchange);
    if (node.empty()) return nullptr;
    curl_multi_remove_handle(multi_.get(), exchange->easy());
    return std::move(node.mapped());
}

Status Connection::watch_idle(Millis most, const std::function<void()>& on_end) {
    CT_TRY(idle_timer_, loop_.add_timer(most, on_end));
    if (taken_ < 0 || sockets_.contains(taken_)) return {};
    CT_TRY(idle_watch_, loop_.add_io(taken_, EPOLLRDHUP, [on_end](std::uint32_t) { on_end(); }));
    return {};
}

void Connection::end_idle() {
    idle_timer_.reset();
    idle_watch_.reset();
}

curl_socket_t Connection::open_socket(void* self, curlsocktype, curl_sockaddr*) {
    Connection& c = from(self);
    if (!c.placeholder_) {
        c.usable_ = false;
        return CURL_SOCKET_BAD;
    }
    return c.taken_ = c.placeholder_.release();
}

CURLcode Connection::before_tls(CURL*, void*, void* self) {
    Connection& c = from(self);
    if (!c.stream_ || c.taken_ < 0 || c.sockets_.contains(c.taken_)) return CURLE_ABORTED_BY_CALLBACK;
    if (::dup3(c.stream_.get(), c.taken_, O_CLOEXEC) < 0) return CURLE_ABORTED_BY_CALLBACK;
    c.stream_.reset();
    return CURLE_OK;
}

int Connection::close_socket(void* self, curl_socket_t fd) {
    Connection& c = from(self);
    c.usable_ = false;
    c.sockets_.erase(fd);
    if (fd == c.taken_) {
        c.end_idle();
        c.taken_ = -1;
    }
    return ::close(fd);
}

int Connection::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    Connection& c = from(self);
    if (what == CURL_POLL_REMOVE) {
        c.sockets_.erase(fd);
        return 0;
    }
    std::uint32_t events = 0;
    if ((what & CURL_POLL_IN) != 0) events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
    if (const auto at = c.sockets_.find(fd); at != c.sockets_.end()) return at->second.set_events(events) ? 0 : -1;
    auto source = c.loop_.add_io(fd, events, [&c, fd](std::uint32_t revents) {
        int mask = 0;
        if ((revents & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
        if ((revents & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
        if ((revents & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
        c.act(fd, mask);
    });
    if (!source) return -1;
    c.sockets_.emplace(fd, std::move(*source));
    return 0;
}

int Connection::on_timer(CURLM*, long milliseconds, void* self) {
    Connection& c = from(self);
    c.timer_.reset();
    if (milliseconds < 0) return 0;
    const auto on_time = [&c] { c.act(CURL_SOCKET_TIMEOUT, 0); };
    // "At once" is how libcurl asks to be called back to start a request: a timer would add its accuracy to every read.
    auto timer = milliseconds == 0 ? c.loop_.add_defer(on_time) : c.loop_.add_timer(Millis(milliseconds), on_time);
    if (!timer) return -1;
    c.timer_ = std::move(*timer);
    return 0;
}

void Connection::act(curl_socket_t fd, int mask) {
    const RegisterGuard guard;
    int running = 0;
    if (curl_multi_socket_action(multi_.get(), fd, mask, &running) != CURLM_OK) usable_ = false;
    collect();
    waiting_();
}

// done_ only queues, so nothing of this object goes away under our feet.
void Connection::collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;
        Exchange* exchange = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        if (auto owner = cancel(exchange)) done_(*this, std::move(owner), code);
    }
}

}  // namespace ct::http
