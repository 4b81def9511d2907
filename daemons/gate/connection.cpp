// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/connection.h"

#include <array>
#include <utility>

#include "attest/protocol/binding.h"
#include "base/limits.h"
#include "crypto/digest.h"

namespace ct::gate {
namespace {

constexpr std::size_t kChunk = 16384;  // one TLS record
// Public keys and certificate chains; a hello needs no more, whatever a proof may.
constexpr std::size_t kHelloSize = 512 << 10;

}  // namespace

Connection::Connection(Surroundings& around, std::string address, std::function<void()> shaken,
                       std::function<void()> ended)
    : around_(around), address_(std::move(address)), on_shaken_(std::move(shaken)), ended_(std::move(ended)) {}

Connection::~Connection() { forget_input(); }

Status Connection::start(const crypto::TlsContext& identity, Fd socket) {
    gate_spki_ = identity.own_spki();
    // Any key may finish the handshake: an unknown one is told so by the exchange, with a reason that its admin can read,
    // and before a byte of it is read.
    CT_TRY(tls_, crypto::TlsStream::create(identity, std::move(socket), [this](const crypto::PeerCertificate& peer) {
               peer_ = peer;
               return Status{};
           }));
    CT_TRY(io_, around_.loop.add_io(tls_->fd(), EPOLLIN, [this](std::uint32_t revents) { on_ready(revents); }));
    set_deadline(limits::kGateHandshake);
    return {};
}

void Connection::set_deadline(Millis after) {
    auto timer = around_.loop.add_timer(after, [this] {
        const auto keep = shared_from_this();
        feed(event::DeadlinePassed{});
    });
    // Without a deadline a silent peer would stay for ever.
    if (!timer) return feed(event::PeerClosed{});
    deadline_ = std::move(*timer);
}

void Connection::on_ready(std::uint32_t revents) {
    const auto keep = shared_from_this();
    if (!shaken_) return shake_hands();
    if (!output_.empty()) write_some();
    const bool reads = exchange_.wants_message() || draining_;
    pump();
    if (!reads && (revents & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && !peer_closed_) {
        peer_closed_ = true;
        feed(event::PeerClosed{});
    }
    watch();
}

void Connection::shake_hands() {
    const auto want = tls_->handshake();
    if (!want) {
        around_.handshake_failed(want.error(), address_);
        return feed(event::Broken{want.error()});
    }
    if (*want != crypto::TlsStream::Want::nothing) return watch();
    event::Connected connected;
    connected.node_spki = peer_.spki;
    connected.gate_spki = gate_spki_;
    connected.not_before = peer_.not_before;
    connected.not_after = peer_.not_after;
    auto exporter = tls_->export_key(attest::kExporterLabel, as_bytes("node"));
    auto random = crypto::random_bytes(connected.seed);
    if (random) random = crypto::random_bytes(connected.challenge);
    if (!exporter || !random) return feed(event::Broken{exporter ? random.error() : exporter.error()});
    connected.exporter = *exporter;
    shaken_ = true;
    if (const auto call = std::exchange(on_shaken_, nullptr)) call();
    feed(std::move(connected));
}

// Takes messages as long as the exchange wants any: first what has been read already, then what the socket has.
void Connection::pump() {
    if (pumping_ || !shaken_) return;
    pumping_ = true;
    ByteArray<kChunk> chunk;
    while (tls_ && (exchange_.wants_message() || draining_)) {
        if (!draining_) {
            if (auto message = frames_.next()) {
                // A hello may well be the same as the last one; a proof may not.
                const bool seen = exchange_.state() != State::hello && around_.seen.seen(crypto::sha256(*message));
                feed(event::Received{std::move(*message), seen});
                continue;
            }
        }
        const auto count = tls_->read(chunk);
        if (!count) {
            const bool closed = count.error().reason == Reason::cancelled;
            if (closed && !frames_.mid_frame())
                feed(event::PeerClosed{});
            else
                feed(event::Broken{closed ? Error{Reason::protocol_violation, "closed inside a message", 0}
                                          : count.error()});
            break;
        }
        if (*count == 0) break;
        take_bytes(ByteView(chunk).first(*count));
    }
    pumping_ = false;
}

void Connection::take_bytes(ByteView bytes) {
    if (draining_) {
        drained_ += bytes.size();
        if (drained_ > limits::kGateMessage) feed(event::PeerClosed{});
        return;
    }
    if (!around_.input.take(peer_.spki, bytes.size()))
        return feed(event::Broken{{Reason::quota_exceeded, "the gate has too many messages in work", 0}});
    charged_ += bytes.size();
    if (exchange_.state() == State::hello && charged_ > kHelloSize)
        return feed(
            event::Broken{{Reason::too_large, "a hello of more than " + std::to_string(kHelloSize) + " bytes", 0}});
    if (const auto status = frames_.feed(bytes); !status) feed(event::Broken{status.error()});
}

void Connection::write_some() {
    while (tls_ && written_ < output_.size()) {
        const auto count = tls_->write(ByteView(output_).subspan(written_));
        if (!count) {
            output_.clear();
            return feed(event::Broken{count.error()});
        }
        if (*count == 0) return;
        written_ += *count;
    }
    output_.clear();
    written_ = 0;
}

// What to wait for: only what can be used, so that a peer that sends too early waits in its own socket.
void Connection::watch() {
    if (!tls_) return;
    std::uint32_t events = peer_closed_ ? 0U : std::uint32_t{EPOLLRDHUP};
    if (!shaken_) {
        events = tls_->want() == crypto::TlsStream::Want::write ? EPOLLOUT : EPOLLIN;
    } else {
        if (exchange_.wants_message() || draining_) events |= EPOLLIN;
        if (!output_.empty()) events |= EPOLLOUT;
    }
    if (io_.set_events(events) || std::exchange(peer_closed_, true)) return;
    feed(event::PeerClosed{});
}

void Connection::feed(Event event) {
    events_.push_back(std::move(event));
    if (busy_) return;
    busy_ = true;
    const auto keep = shared_from_this();
    while (!events_.empty()) {
        auto next = std::move(events_.front());
        events_.pop_front();
        auto actions = exchange_.on(std::move(next), {around_.rules(), around_.loop.wall_now()});
        for (auto& action : actions)
            carry_out(action);
    }
    busy_ = false;
    if (pumping_) return;
    pump();
    watch();
}

void Connection::carry_out(Action& action) {
    if (auto* send = std::get_if<action::Send>(&action)) {
        append(output_, attest::frame(send->message));
        write_some();
    } else if (const auto* deadline = std::get_if<action::SetDeadline>(&action)) {
        if (tls_) set_deadline(deadline->after);
    } else if (const auto* ask = std::get_if<action::Ask>(&action)) {
        around_.judge().ask(*ask, [weak = weak_from_this()](Event answer) {
            if (const auto self = weak.lock()) self->feed(std::move(answer));
        });
    } else if (const auto* liar = std::get_if<action::EndJudge>(&action)) {
        around_.judge().end(liar->judge, liar->why);
    } else if (const auto* mint = std::get_if<action::Mint>(&action)) {
        around_.minter()->mint(*mint, [weak = weak_from_this()](Event answer) {
            if (const auto self = weak.lock()) self->feed(std::move(answer));
        });
    } else if (const auto* store = std::get_if<action::Store>(&action)) {
        const auto stored = around_.recorder.store(*store, address_);
        if (stored)
            feed(event::Stored{});
        else
            feed(event::StoreFailed{stored.error()});
    } else if (const auto* announce = std::get_if<action::Announce>(&action)) {
        around_.announce(*announce, address_);
    } else if (std::holds_alternative<action::Drain>(action)) {
        draining_ = true;
        forget_input();
    } else {
        end();
    }
}

void Connection::forget_input() {
    frames_ = {};
    around_.input.give_back(peer_.spki, std::exchange(charged_, 0));
}

void Connection::end() {
    forget_input();
    io_.reset();
    deadline_.reset();
    if (tls_) tls_->close_notify();
    tls_.reset();
    if (const auto call = std::exchange(on_shaken_, nullptr)) call();
    if (const auto call = std::exchange(ended_, nullptr)) call();
}

}  // namespace ct::gate
