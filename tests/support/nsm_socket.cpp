// SPDX-License-Identifier: Apache-2.0
#include "support/nsm_socket.h"

#include <sys/socket.h>

namespace ct::test {

Result<std::unique_ptr<LocalServer>> open_nsm_socket(SimulatedNsm nsm) {
    return LocalServer::open(SOCK_SEQPACKET, [nsm = std::move(nsm)](const Fd& client) mutable {
        Bytes request(8192);
        const ssize_t got = ::recv(client.get(), request.data(), request.size(), 0);
        if (got <= 0) return;
        request.resize(static_cast<std::size_t>(got));
        const auto answer = nsm.exchange(request);
        if (answer) static_cast<void>(::send(client.get(), answer->data(), answer->size(), MSG_NOSIGNAL));
    });
}

}  // namespace ct::test
