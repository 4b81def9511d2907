// SPDX-License-Identifier: Apache-2.0
#include "support/quote_service_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

#include "support/tpm_builder.h"

namespace ct::test {
namespace {

constexpr std::size_t kReport = 1024;
constexpr int kDripPause = 20;  // milliseconds

// Size, header, sizes of report and list: the one question that there is.
Bytes question_head() {
    constexpr std::uint32_t size = 24 + kReport;
    return ByteBuilder().be32(size).le16(1).le16(1).le32(0).le32(size).le32(0).le32(kReport).le32(0);
}

// Whether the other side went away within the time.
bool left(const Fd& client, int most) {
    pollfd one{.fd = client.get(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&one, 1, most) != 0;
}

}  // namespace

Result<std::unique_ptr<QuoteServiceSocket>> QuoteServiceSocket::open(Script script) {
    std::unique_ptr<QuoteServiceSocket> out(new QuoteServiceSocket(std::move(script)));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    out->path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    out->listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!out->listener_ ||
        ::bind(out->listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(out->listener_.get(), 8) != 0)
        return fail_errno(Reason::io_failed, out->path());
    out->thread_ = std::thread([self = out.get()] { self->serve(); });
    return out;
}

void QuoteServiceSocket::serve() {
    for (;;) {
        const Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;  // shut down
        answer(client);
    }
}

void QuoteServiceSocket::answer(const Fd& client) {
    const Bytes head = question_head();
    Bytes question(head.size() + kReport);
    const ssize_t got = ::recv(client.get(), question.data(), question.size(), MSG_WAITALL);
    if (got != static_cast<ssize_t>(question.size()) ||
        !std::ranges::equal(ByteView(question).first(head.size()), head))
        return;  // a look whether somebody is there, or no question: nothing to say
    const Bytes out = script_.answer(ByteView(question).subspan(head.size()));
    if (!script_.drips) static_cast<void>(::send(client.get(), out.data(), out.size(), MSG_NOSIGNAL));
    for (std::size_t i = 0; script_.drips && i < out.size() && !left(client, kDripPause); ++i)
        static_cast<void>(::send(client.get(), &out[i], 1, MSG_NOSIGNAL));
    if (script_.stays) left(client, -1);
}

QuoteServiceSocket::~QuoteServiceSocket() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
}

}  // namespace ct::test
