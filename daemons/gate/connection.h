// SPDX-License-Identifier: Apache-2.0
// One node's TCP connection: TLS, frames and deadlines around an Exchange. Decides nothing; carries out what the exchange
// says and tells it what happened.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "attest/protocol/messages.h"
#include "crypto/tls.h"
#include "daemons/gate/core.h"
#include "daemons/gate/ports.h"
#include "daemons/gate/quotas.h"
#include "daemons/gate/seen.h"
#include "loop/event.h"

namespace ct::gate {

// Of proofs, which no two nodes can have in common.
inline constexpr std::size_t kSeenMessages = 65536;

// What a connection uses of its daemon; outlives it.
struct Surroundings {
    EventLoop& loop;
    std::function<Judge&()> judge;
    Recorder& recorder;
    InputBudget& input;
    SeenMessages& seen;
    std::function<std::shared_ptr<const Rules>()> rules;
    std::function<std::shared_ptr<Minter>()> minter;
    std::function<void(const action::Announce&, const std::string& address)> announce;
    std::function<void(const Error&, const std::string& address)> handshake_failed;
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
    // Each runs once, from the loop: `shaken` when the handshake is over, done or not, then `ended`; in that one the connection
    // may be dropped.
    Connection(Surroundings& around, std::string address, std::function<void()> shaken, std::function<void()> ended);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    Status start(const crypto::TlsContext& identity, Fd socket);
    [[nodiscard]] State state() const { return exchange_.state(); }

private:
    void on_ready(std::uint32_t revents);
    void shake_hands();
    void pump();
    void take_bytes(ByteView bytes);
    void write_some();
    void watch();
    void feed(Event event);
    void carry_out(Action& action);
    void set_deadline(Millis after);
    void forget_input();
    void end();

    Surroundings& around_;
    std::string address_;
    std::function<void()> on_shaken_, ended_;
    Exchange exchange_;
    std::optional<crypto::TlsStream> tls_;
    Sha256 gate_spki_{};
    crypto::PeerCertificate peer_{};
    attest::FrameReader frames_;
    std::size_t charged_ = 0;  // of the input budget, until the exchange needs no message any more
    Bytes output_;
    std::size_t written_ = 0;
    bool shaken_ = false, draining_ = false, peer_closed_ = false;
    std::size_t drained_ = 0;
    Source io_, deadline_;
    std::deque<Event> events_;
    bool busy_ = false, pumping_ = false;
};

}  // namespace ct::gate
