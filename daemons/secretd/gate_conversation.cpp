// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/gate_conversation.h"

#include <utility>

namespace ct::secretd {
namespace {

// The transport's reasons, said from the node's side.
Error as_gate_error(Error error) {
    switch (error.reason) {
        case Reason::tls_peer_pin_mismatch:
            error.reason = Reason::gate_pin_mismatch;
            break;
        case Reason::tls_certificate_expired:
            error.reason = Reason::gate_certificate_expired;
            break;
        case Reason::cancelled:
            error = Error{Reason::gate_unreachable, "the gate closed the connection"};
            break;
        case Reason::io_failed:
            error.reason = Reason::gate_unreachable;
            break;
        default:
            break;
    }
    return error;
}

}  // namespace

void GateConversation::start(Fd stream, std::vector<Sha256> pins, std::function<void(Status)> on_connected) {
    on_connected_ = std::move(on_connected);
    const int fd = stream.get();
    auto tls =
        crypto::TlsStream::create(context_, std::move(stream), crypto::pinned(std::move(pins), loop_.wall_now()));
    if (!tls) return fail(tls.error());
    tls_.emplace(std::move(*tls));
    auto io = loop_.add_io(fd, EPOLLIN | EPOLLOUT, [this](std::uint32_t) { turn(); });
    if (!io) return fail(io.error());
    io_ = std::move(*io);
}

void GateConversation::ask(const attest::Message& message, std::function<void(Result<attest::Message>)> on_answer) {
    on_answer_ = std::move(on_answer);
    if (failed_) return fail(*failed_);  // while nobody was asking: the gate hung up between two questions
    append(outgoing_, attest::frame(attest::encode(message)));
    if (auto armed = io_.set_events(EPOLLIN | EPOLLOUT); !armed) fail(armed.error());
}

void GateConversation::fail(Error error) {
    io_.reset();
    failed_ = error = as_gate_error(std::move(error));
    if (auto connected = std::exchange(on_connected_, nullptr)) return connected(std::unexpected(std::move(error)));
    if (auto answer = std::exchange(on_answer_, nullptr)) answer(std::unexpected(std::move(error)));
}

Result<bool> GateConversation::handshake() {
    if (connected_) return true;
    CT_TRY(const auto want, tls_->handshake());
    connected_ = want == crypto::TlsStream::Want::nothing;
    return connected_;
}

Status GateConversation::flush() {
    while (!outgoing_.empty()) {
        CT_TRY(const std::size_t sent, tls_->write(outgoing_));
        if (sent == 0) break;
        outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(sent));
    }
    return {};
}

Status GateConversation::receive() {
    std::uint8_t chunk[16384];
    for (;;) {
        CT_TRY(const std::size_t got, tls_->read(chunk));
        if (got == 0) return {};
        CT_CHECK(frames_.feed(ByteView(chunk, got)));
        if (auto whole = frames_.next()) {
            auto message = attest::decode(*whole);
            if (!message) return std::unexpected(message.error());
            auto answer = std::exchange(on_answer_, nullptr);
            if (!answer) return ct::fail(Reason::protocol_violation, "the gate spoke out of turn");
            answer(std::move(*message));
            return {};
        }
    }
}

void GateConversation::arm() {
    const bool write = tls_->want() == crypto::TlsStream::Want::write || !outgoing_.empty();
    if (auto armed = io_.set_events(EPOLLIN | (write ? EPOLLOUT : 0U)); !armed) fail(armed.error());
}

void GateConversation::turn() {
    const bool was_connected = connected_;
    auto done = handshake();
    if (!done) return fail(std::move(done).error());
    if (*done && !was_connected) {
        // The owner may ask at once; what it queues is flushed in the next turn.
        if (auto connected = std::exchange(on_connected_, nullptr)) connected({});
        if (io_) arm();
        return;
    }
    if (*done) {
        if (auto sent = flush(); !sent) return fail(std::move(sent).error());
        if (auto got = receive(); !got) return fail(std::move(got).error());
    }
    if (io_) arm();
}

}  // namespace ct::secretd
