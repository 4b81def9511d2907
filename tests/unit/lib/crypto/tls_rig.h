// SPDX-License-Identifier: Apache-2.0
// Two ends of a TLS connection over a socketpair, driven by one thread: both are non-blocking, so calling them in turn
// until neither moves is a complete schedule.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/certificate_maker.h"
#include "crypto/tls.h"

namespace ct::crypto::test {

inline const WallTime kNow = WallTime(Seconds(1'800'000'000));  // January 2027
inline constexpr auto kYear = Seconds(365 * 86400);

inline MadeIdentity identity(std::string_view name, WallTime from = kNow - kYear, WallTime until = kNow + kYear) {
    return make_identity(name, from, until).value();
}
inline TlsContext context(TlsContext::Role role, const MadeIdentity& who) {
    return TlsContext::create(role, who.certificate_pem, who.key_pem.bytes()).value();
}

struct Ends {
    TlsStream client, server;
};
inline Ends ends(const TlsContext& client, PeerCheck client_check, const TlsContext& server, PeerCheck server_check) {
    auto pair = socket_pair().value();
    return {TlsStream::create(client, std::move(pair.ours), std::move(client_check)).value(),
            TlsStream::create(server, std::move(pair.theirs), std::move(server_check)).value()};
}

struct Outcome {
    Result<TlsStream::Want> client = TlsStream::Want::read, server = TlsStream::Want::read;
    [[nodiscard]] bool done() const {
        return client && server && *client == TlsStream::Want::nothing && *server == TlsStream::Want::nothing;
    }
};
inline Outcome shake_hands(Ends& ends) {
    Outcome outcome;
    // A full handshake takes two flights each; more turns than that mean that somebody waits for ever.
    for (int turn = 0; turn < 6; ++turn) {
        if (outcome.client) outcome.client = ends.client.handshake();
        if (outcome.server) outcome.server = ends.server.handshake();
    }
    return outcome;
}

// Moves everything from one end to the other; what arrived.
inline std::string transfer(TlsStream& from, TlsStream& to, std::string_view data) {
    std::string got;
    std::vector<std::uint8_t> chunk(8192);
    for (int idle = 0; idle < 3;) {
        ++idle;
        if (!data.empty()) {
            auto sent = from.write(as_bytes(data));
            if (!sent) break;
            if (*sent > 0) idle = 0;
            data.remove_prefix(*sent);
        }
        for (;;) {
            auto read = to.read(chunk);
            if (!read || *read == 0) break;
            idle = 0;
            got.append(as_text(ByteView(chunk).first(*read)));
        }
    }
    return got;
}

}  // namespace ct::crypto::test
