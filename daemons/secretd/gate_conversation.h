// SPDX-License-Identifier: Apache-2.0
// One conversation with the gate: TLS 1.3 with its pinned key, framed messages, one question at a time.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "attest/protocol/binding.h"
#include "attest/protocol/messages.h"
#include "crypto/tls.h"
#include "loop/event.h"

namespace ct::secretd {

class GateConversation {
public:
    // `context` must outlive the conversation.
    GateConversation(EventLoop& loop, const crypto::TlsContext& context) : loop_(loop), context_(context) {}
    GateConversation(const GateConversation&) = delete;
    GateConversation& operator=(const GateConversation&) = delete;

    // gate_pin_mismatch, gate_certificate_expired, tls_failed.
    void start(Fd stream, std::vector<Sha256> pins, std::function<void(Status)> on_connected);
    // Sends one message and waits for one. gate_unreachable when the stream ends first, protocol_violation for bytes that
    // are no message.
    void ask(const attest::Message& message, std::function<void(Result<attest::Message>)> on_answer);

    [[nodiscard]] Sha256 gate_spki() const { return tls_->peer_spki(); }
    [[nodiscard]] Result<ByteArray<32>> exporter() const {
        return tls_->export_key(attest::kExporterLabel, as_bytes("node"));
    }

private:
    void turn();
    [[nodiscard]] Result<bool> handshake();  // true when done
    [[nodiscard]] Status flush();
    [[nodiscard]] Status receive();
    void fail(Error error);
    void arm();

    EventLoop& loop_;
    const crypto::TlsContext& context_;
    std::optional<crypto::TlsStream> tls_;
    Source io_;
    bool connected_ = false;
    std::optional<Error> failed_;
    Bytes outgoing_;
    attest::FrameReader frames_;
    std::function<void(Status)> on_connected_;
    std::function<void(Result<attest::Message>)> on_answer_;
};

}  // namespace ct::secretd
