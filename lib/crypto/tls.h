// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 with both ends authenticated by pinned public keys (SHA-256 of the SPKI), as spoken between a node and its gate:
// no session tickets, no early data, no certificate authority. Non-blocking over a connected descriptor.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/secret_arena.h"

namespace ct::crypto {

class TlsContext {
public:
    enum class Role : std::uint8_t { client, server };
    // Certificate chain and key in PEM; the key bytes are wiped by the caller.
    static Result<TlsContext> create(Role role, std::string_view certificate_pem, ByteView key_pem);
    [[nodiscard]] Sha256 own_spki() const;
    [[nodiscard]] WallTime own_not_after() const;
    TlsContext(TlsContext&&) noexcept;
    TlsContext& operator=(TlsContext&&) noexcept;
    ~TlsContext();

private:
    friend class TlsStream;
    struct State;
    explicit TlsContext(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// Decides on a peer by its key. Called once in the handshake, with the peer's SPKI hash and validity window.
// Return an error to refuse: its reason is what handshake() reports.
struct PeerCertificate {
    Sha256 spki{};
    WallTime not_before, not_after;
};
using PeerCheck = std::function<Status(const PeerCertificate&)>;
// The usual check: one of `pins`, inside its validity at `at`. tls_peer_pin_mismatch, tls_certificate_expired.
PeerCheck pinned(std::vector<Sha256> pins, WallTime at);

class TlsStream {
public:
    enum class Want : std::uint8_t { nothing, read, write };

    static Result<TlsStream> create(const TlsContext& context, Fd connected, PeerCheck check);
    TlsStream(TlsStream&&) noexcept;
    TlsStream& operator=(TlsStream&&) noexcept;
    ~TlsStream();

    // Call again when the descriptor is ready for what it wants; `nothing` = done.
    Result<Want> handshake();
    // Bytes moved into `out`/from `data`; 0 with want() telling what to wait for. A clean close by the peer is
    // Reason::cancelled with context "closed".
    Result<std::size_t> read(MutableBytes out);
    Result<std::size_t> write(ByteView data);
    [[nodiscard]] Want want() const;
    [[nodiscard]] int fd() const;
    void close_notify();

    [[nodiscard]] Sha256 peer_spki() const;
    // RFC 8446 section 7.5 with a context value.
    Result<Sha256> export_key(std::string_view label, ByteView context) const;

private:
    struct State;
    explicit TlsStream(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ct::crypto
