// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "daemons/common/log.h"

namespace ct::gate {
namespace {

constexpr int kBacklog = 512;
constexpr Millis kPause{1000};

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);
    sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }  // NOLINT: BSD API
};

Result<SocketAddress> address_of(const Endpoint& at) {
    SocketAddress out;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);   // NOLINT: BSD API
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);  // NOLINT: BSD API
    if (::inet_pton(AF_INET, at.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(at.port);
        out.size = sizeof(sockaddr_in);
    } else if (::inet_pton(AF_INET6, at.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(at.port);
        out.size = sizeof(sockaddr_in6);
    } else {
        return fail(Reason::config_invalid, at.host + " is no IP address");
    }
    return out;
}

// Whom the quota counts, and who is shown: one IPv4 address, or one IPv6 /64, as a host owns all of its /64.
struct Caller {
    std::string shown, key;
};
Caller caller_of(const SocketAddress& peer) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (peer.storage.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&peer.storage);  // NOLINT: BSD API
        ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
        return {text.data(), text.data()};
    }
    auto v6 = *reinterpret_cast<const sockaddr_in6*>(&peer.storage);  // NOLINT: BSD API
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    std::string shown = text.data();
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return {shown, shown};
    std::fill_n(v6.sin6_addr.s6_addr + 8, 8, std::uint8_t{0});
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return {std::move(shown), text.data()};
}

}  // namespace

Result<std::unique_ptr<Server::Listener>> Server::open(const Endpoint& at) {
    CT_TRY(auto address, address_of(at));
    auto out = std::make_unique<Listener>();
    out->socket = Fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!out->socket) return fail_errno(Reason::io_failed, "socket");
    const int fd = out->socket.get();
    const int one = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address.storage.ss_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (::bind(fd, address.raw(), address.size) != 0 || ::listen(fd, kBacklog) != 0)
        return fail_errno(Reason::io_failed, "cannot listen on " + to_string(at));
    auto* listener = out.get();
    CT_TRY(out->ready, around_.loop.add_io(fd, EPOLLIN, [this, listener](std::uint32_t) { accept_from(*listener); }));
    return out;
}

Status Server::listen(const Settings& settings) {
    std::map<std::string, std::unique_ptr<Listener>> fresh;
    for (const auto& at : settings.listen) {
        const auto name = to_string(at);
        if (listeners_.contains(name)) continue;
        CT_TRY(fresh[name], open(at));
    }
    quotas_.set(settings.connections, settings.connections_per_address);
    // Where an address stands for many nodes (a balancer, a router), its share of handshakes grows with that of connections.
    handshakes_.set(kHandshakes, std::clamp(settings.connections_per_address / 4, kHandshakesOfOne, kHandshakes));
    std::erase_if(listeners_, [&](const auto& one) {
        return std::ranges::none_of(settings.listen, [&](const Endpoint& at) { return to_string(at) == one.first; });
    });
    listeners_.merge(fresh);
    return {};
}

std::vector<std::string> Server::addresses() const {
    std::vector<std::string> out;
    for (const auto& [name, listener] : listeners_)
        out.push_back(name);
    return out;
}

void Server::accept_from(Listener& listener) {
    // A few at a time, so that those already inside get their turn.
    for (int i = 0; i < 16; ++i) {
        SocketAddress peer;
        Fd socket(::accept4(listener.socket.get(), peer.raw(), &peer.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!socket) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause();
            return;
        }
        const auto caller = caller_of(peer);
        if (!quotas_.enter(caller.key)) {
            ++refused_;
            continue;
        }
        if (!handshakes_.enter(caller.key)) {
            quotas_.leave(caller.key);
            ++refused_;
            continue;
        }
        admit(std::move(socket), caller.shown, caller.key);
    }
}

void Server::admit(Fd socket, const std::string& address, const std::string& key) {
    const int one = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto id = next_++;
    const auto shaken = [this, key] { handshakes_.leave(key); };
    const auto ended = [this, id, key] {
        quotas_.leave(key);
        connections_.erase(id);
    };
    auto connection = std::make_shared<Connection>(around_, address, shaken, ended);
    connections_.emplace(id, connection);
    if (const auto status = connection->start(*identity_, std::move(socket)); !status) {
        around_.handshake_failed(status.error(), address);
        shaken();
        ended();
    }
}

// Out of descriptors: waiting connections stay in the backlog until some have ended.
void Server::pause() {
    log::warning("out of file descriptors: no new connections for a second");
    for (auto& [name, listener] : listeners_)
        (void)listener->ready.set_events(0);
    auto timer = around_.loop.add_timer(kPause, [this] {
        for (auto& [name, listener] : listeners_)
            (void)listener->ready.set_events(EPOLLIN);
    });
    if (timer) resume_ = std::move(*timer);
}

}  // namespace ct::gate
