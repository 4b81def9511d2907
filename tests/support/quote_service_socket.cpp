// SPDX-License-Identifier: Apache-2.0
#include "support/quote_service_socket.h"

#include <poll.h>
#include <sys/socket.h>

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

void serve(const Fd& client, const QuoteScript& script) {
    const Bytes head = question_head();
    Bytes question(head.size() + kReport);
    const ssize_t got = ::recv(client.get(), question.data(), question.size(), MSG_WAITALL);
    if (got != static_cast<ssize_t>(question.size()) ||
        !std::ranges::equal(ByteView(question).first(head.size()), head))
        return;  // a look whether somebody is there, or no question: nothing to say
    const Bytes out = script.answer(ByteView(question).subspan(head.size()));
    if (!script.drips) static_cast<void>(::send(client.get(), out.data(), out.size(), MSG_NOSIGNAL));
    for (std::size_t i = 0; script.drips && i < out.size() && !left(client, kDripPause); ++i)
        static_cast<void>(::send(client.get(), &out[i], 1, MSG_NOSIGNAL));
    if (script.stays) left(client, -1);
}

}  // namespace

Result<std::unique_ptr<LocalServer>> open_quote_service_socket(QuoteScript script) {
    return LocalServer::open(SOCK_STREAM, [script = std::move(script)](const Fd& client) { serve(client, script); });
}

}  // namespace ct::test
