// SPDX-License-Identifier: Apache-2.0
#include "support/nsm_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

namespace ct::test {

Result<std::unique_ptr<NsmSocket>> NsmSocket::open(SimulatedNsm nsm) {
    std::unique_ptr<NsmSocket> out(new NsmSocket(std::move(nsm)));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    out->path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    out->listener_ = Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!out->listener_ ||
        ::bind(out->listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(out->listener_.get(), 8) != 0)
        return fail_errno(Reason::io_failed, out->path());
    out->thread_ = std::thread([self = out.get()] { self->serve(); });
    return out;
}

void NsmSocket::serve() {
    for (;;) {
        const Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;  // shut down
        Bytes request(8192);
        const ssize_t got = ::recv(client.get(), request.data(), request.size(), 0);
        if (got <= 0) continue;
        request.resize(static_cast<std::size_t>(got));
        const auto answer = nsm_.exchange(request);
        if (answer) static_cast<void>(::send(client.get(), answer->data(), answer->size(), MSG_NOSIGNAL));
    }
}

NsmSocket::~NsmSocket() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
}

}  // namespace ct::test
