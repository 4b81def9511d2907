// SPDX-License-Identifier: Apache-2.0
#include "support/local_server.h"

#include <sys/socket.h>
#include <sys/un.h>

namespace ct::test {

Result<std::unique_ptr<LocalServer>> LocalServer::open(int type, std::function<void(const Fd& client)> serve) {
    std::unique_ptr<LocalServer> out(new LocalServer);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    out->path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    out->listener_ = Fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (!out->listener_ ||
        ::bind(out->listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(out->listener_.get(), 8) != 0)
        return fail_errno(Reason::io_failed, out->path());
    out->thread_ = std::thread([self = out.get(), serve = std::move(serve)] {
        for (;;) {
            const Fd client(::accept4(self->listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;  // shut down
            serve(client);
        }
    });
    return out;
}

LocalServer::~LocalServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
}

}  // namespace ct::test
