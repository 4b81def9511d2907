// SPDX-License-Identifier: Apache-2.0
// A link with a long round trip, for kernels without netem: passes TCP streams on, each byte half a round trip late, in
// order, and as many at a time as come. A relay ends the handshake at once, so the first bytes wait its round trip, too.
//
//   slow_link ROUND_TRIP_MS LISTEN:TO...      ports on 127.0.0.1; says "." when it listens, runs until it is killed
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <list>
#include <vector>

#include "base/fd.h"

using ct::Fd;

namespace {

constexpr std::size_t kWindow = 4 << 20;  // bytes on their way in one direction; whoever sends more waits
constexpr std::int64_t kNever = INT64_MAX;
std::int64_t half_trip = 0;  // ns

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

sockaddr_in local(int port) {
    return {.sin_family = AF_INET,
            .sin_port = htons(static_cast<std::uint16_t>(port)),
            .sin_addr = {htonl(INADDR_LOOPBACK)},
            .sin_zero = {}};
}

struct Direction {
    struct Chunk {
        std::int64_t due;
        std::vector<char> bytes;  // none: the stream ends here
    };
    std::deque<Chunk> chunks;
    std::size_t on_way = 0, sent = 0;  // sent: of the first chunk
    bool ended = false;                // at the entrance

    [[nodiscard]] bool takes() const { return !ended && on_way < kWindow; }
    [[nodiscard]] std::int64_t due() const { return chunks.empty() ? kNever : chunks.front().due; }
    [[nodiscard]] bool over() const { return ended && chunks.empty(); }

    bool take(int from, std::int64_t not_before) {
        std::vector<char> bytes(64 << 10);
        const ssize_t size = ::recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size < 0) return errno == EAGAIN || errno == EINTR;
        bytes.resize(static_cast<std::size_t>(size));
        on_way += bytes.size();
        ended = size == 0;
        chunks.push_back({std::max(now_ns(), not_before) + half_trip, std::move(bytes)});
        return true;
    }

    bool deliver(int to) {
        while (due() <= now_ns()) {
            const auto& bytes = chunks.front().bytes;
            if (bytes.empty()) ::shutdown(to, SHUT_WR);
            const ssize_t size = ::send(to, bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (size < 0 && !bytes.empty()) return errno == EAGAIN || errno == EINTR;
            sent += bytes.empty() ? 0 : static_cast<std::size_t>(size);
            if (sent < bytes.size()) return true;
            on_way -= sent;
            sent = 0;
            chunks.pop_front();
        }
        return true;
    }
};

struct Stream {
    Fd client, server;
    std::int64_t ready;  // when the client's handshake would have ended
    Direction up, down;
};

struct Listener {
    Fd fd;
    int to;
};

Fd listen_on(int port) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    const sockaddr_in address = local(port);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        ::listen(fd.get(), 512) < 0)
        return {};
    return fd;
}

void accept_one(const Listener& listener, std::list<Stream>& streams) {
    Stream stream{.client = Fd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                  .server = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
                  .ready = now_ns() + 2 * half_trip,
                  .up = {},
                  .down = {}};
    const sockaddr_in to = local(listener.to);
    if (!stream.client || ::connect(stream.server.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) return;
    const int on = 1;
    for (const int fd : {stream.client.get(), stream.server.get()})
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    streams.push_back(std::move(stream));
}

// What it waits for at one socket: bytes to take, or room for what is due.
pollfd interest(int fd, const Direction& in, const Direction& out, std::int64_t now) {
    const int events = (in.takes() ? POLLIN : 0) | (out.due() <= now ? POLLOUT : 0);
    return {events == 0 ? -1 : fd, static_cast<short>(events), 0};
}

void wait(std::vector<pollfd>& waits, std::int64_t until) {
    const std::int64_t left = std::max<std::int64_t>(0, until - now_ns());
    const timespec most{left / 1'000'000'000, left % 1'000'000'000};
    ::ppoll(waits.data(), waits.size(), until == kNever ? nullptr : &most, nullptr);
}

[[noreturn]] void relay(const std::vector<Listener>& listeners) {
    std::list<Stream> streams;
    for (;;) {
        std::vector<pollfd> waits;
        std::int64_t next = kNever;
        const std::int64_t now = now_ns();
        for (const auto& listener : listeners)
            waits.push_back({listener.fd.get(), POLLIN, 0});
        for (const auto& stream : streams) {
            waits.push_back(interest(stream.client.get(), stream.up, stream.down, now));
            waits.push_back(interest(stream.server.get(), stream.down, stream.up, now));
            for (const auto* direction : {&stream.up, &stream.down})
                if (direction->due() > now) next = std::min(next, direction->due());
        }
        wait(waits, next);
        auto ready = waits.begin() + static_cast<std::ptrdiff_t>(listeners.size());
        std::erase_if(streams, [&](Stream& stream) {
            const bool from_client = (ready++)->revents != 0, from_server = (ready++)->revents != 0;
            const bool whole =
                (!from_client || !stream.up.takes() || stream.up.take(stream.client.get(), stream.ready)) &&
                (!from_server || !stream.down.takes() || stream.down.take(stream.server.get(), 0)) &&
                stream.up.deliver(stream.server.get()) && stream.down.deliver(stream.client.get());
            return !whole || (stream.up.over() && stream.down.over());
        });
        for (std::size_t i = 0; i < listeners.size(); ++i)
            if (waits[i].revents != 0) accept_one(listeners[i], streams);
    }
}

}  // namespace

int main(int argc, char** argv) {
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    half_trip = argc > 2 ? std::atoi(argv[1]) * std::int64_t{500'000} : 0;
    std::vector<Listener> listeners;
    for (int i = 2; i < argc; ++i) {
        int from = 0, to = 0;
        if (std::sscanf(argv[i], "%d:%d", &from, &to) != 2) return 2;
        listeners.push_back({listen_on(from), to});
        if (!listeners.back().fd) return 1;
    }
    if (listeners.empty() || ::write(STDOUT_FILENO, ".", 1) != 1) return 2;
    relay(listeners);
}
