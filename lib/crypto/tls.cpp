// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "crypto/socket_bio.h"
#include "crypto/x509.h"

namespace ct::crypto {
namespace {

using SslCtxPtr = Owned<SSL_CTX, SSL_CTX_free>;
using SslPtr = Owned<SSL, SSL_free>;

constexpr long kPeerCertificates = 16384;  // bytes of a peer's certificate message; ours are below 1 KiB
constexpr std::size_t kKeyPem = 16384;

}  // namespace

struct TlsContext::State {
    Role role{};
    SslCtxPtr context;
    Sha256 own_spki{};
    WallTime own_not_after;
};

namespace {

// Who is at the other end, and what we said of it.
struct Peer {
    Sha256 own_spki{};
    Sha256 spki{};
    PeerCheck check;
    std::optional<Error> refused;

    Status judge(X509* raw);
};

}  // namespace

struct TlsStream::State {
    TlsContext::Role role{};
    Peer peer;
    std::optional<Error> failed;  // the first failure; every later call repeats it
    bool done = false;
    Want want = Want::nothing;
    SocketIo io;  // outlives `ssl`, which writes through it
    SslPtr ssl;

    std::unexpected<Error> broken(int ssl_error);
};

namespace {

// What the peer is told of our refusal. It hears which of its properties was not accepted, never which pins we hold.
int alert_for(Reason reason) {
    switch (reason) {
        case Reason::tls_certificate_expired:
            return X509_V_ERR_CERT_HAS_EXPIRED;  // certificate_expired
        case Reason::node_revoked:
            return X509_V_ERR_CERT_REVOKED;  // certificate_revoked
        default:
            return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;  // unknown_ca
    }
}

// The same in the other direction: what an alert from the peer says about us.
std::optional<Error> meaning_of_alert(unsigned long code, TlsContext::Role role) {
    const bool client = role == TlsContext::Role::client;
    switch (ERR_GET_REASON(code)) {
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return Error{Reason::tls_certificate_expired, "the peer says that our certificate is outside its validity",
                         0};
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
            return Error{client ? Reason::node_revoked : Reason::tls_failed, "the peer says that our key is revoked",
                         0};
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
            return Error{client ? Reason::node_unknown : Reason::tls_peer_pin_mismatch,
                         "the peer does not know our key", 0};
        default:
            return std::nullopt;
    }
}

Status Peer::judge(X509* raw) {
    if (raw == nullptr || X509_up_ref(raw) != 1) return fail(Reason::tls_failed, "the peer shows no certificate");
    CT_TRY(const Certificate certificate, Certificate::adopt({raw, X509_free}));
    CT_TRY(spki, certificate.spki_sha256());
    // A peer with our own key is ourselves, reflected.
    if (equal_constant_time(spki, own_spki)) return fail(Reason::tls_peer_pin_mismatch, "the peer shows our own key");
    return check({spki, certificate.not_before(), certificate.not_after()});
}

// In place of a chain to an authority. Possession of the key is proven by TLS itself (CertificateVerify).
int verify_peer(X509_STORE_CTX* store, void*) {
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* peer = ssl == nullptr ? nullptr : static_cast<Peer*>(SSL_get_app_data(ssl));
    if (peer == nullptr) return 0;
    auto verdict = peer->judge(X509_STORE_CTX_get0_cert(store));
    X509_STORE_CTX_set_error(store, verdict ? X509_V_OK : alert_for(verdict.error().reason));
    if (verdict) return 1;
    peer->refused = std::move(verdict).error();
    return 0;
}

}  // namespace

// ---- TlsContext

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

Sha256 TlsContext::own_spki() const { return state_->own_spki; }
WallTime TlsContext::own_not_after() const { return state_->own_not_after; }

Result<TlsContext> TlsContext::create(Role role, std::string_view certificate_pem, ByteView key_pem) {
    if (key_pem.size() > kKeyPem) return fail(Reason::too_large, "private key in PEM");
    CT_TRY(const auto chain, Certificate::chain_from_pem(certificate_pem, limits::kCertificateChain));
    const BioPtr bio = bio_over(key_pem);
    const PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr) : nullptr);
    if (!key) return fail_ossl(Reason::malformed, "private key in PEM");
    if (X509_check_private_key(chain.front().raw(), key.get()) != 1) {
        ERR_clear_error();
        return fail(Reason::invalid_argument, "the private key is not that of the certificate");
    }

    auto state = std::make_unique<State>();
    state->role = role;
    CT_TRY(state->own_spki, chain.front().spki_sha256());
    state->own_not_after = chain.front().not_after();
    state->context.reset(SSL_CTX_new(role == Role::client ? TLS_client_method() : TLS_server_method()));
    SSL_CTX* const context = state->context.get();
    if (context == nullptr) return fail_ossl(Reason::internal, "TLS context");

    SSL_CTX_set_security_level(context, 2);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context,
                                 "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
                                 "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1)
        return fail_ossl(Reason::internal, "TLS parameters");
    // Every connection proves the keys anew: nothing that would let one stand for another is ever made or accepted.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_num_tickets(context, 0) != 1 || SSL_CTX_set_max_early_data(context, 0) != 1 ||
        SSL_CTX_set_recv_max_early_data(context, 0) != 1)
        return fail_ossl(Reason::internal, "TLS parameters");
    // Idle buffers are given back (and wiped there); a retried write may come from another address.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_max_cert_list(context, kPeerCertificates);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context, verify_peer, nullptr);

    if (SSL_CTX_use_certificate(context, chain.front().raw()) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1)
        return fail_ossl(Reason::invalid_argument, "certificate and key");
    for (std::size_t i = 1; i < chain.size(); ++i)
        if (SSL_CTX_add1_chain_cert(context, chain[i].raw()) != 1)
            return fail_ossl(Reason::invalid_argument, "certificate chain");
    return TlsContext(std::move(state));
}

PeerCheck pinned(std::vector<Sha256> pins, WallTime at) {
    return [pins = std::move(pins), at](const PeerCertificate& peer) -> Status {
        const auto is_peer = [&](const Sha256& pin) { return equal_constant_time(pin, peer.spki); };
        if (std::ranges::none_of(pins, is_peer))
            return fail(Reason::tls_peer_pin_mismatch, "the peer's key is not pinned");
        if (at < peer.not_before)
            return fail(Reason::tls_certificate_expired, "the peer's certificate is not valid yet");
        if (at > peer.not_after) return fail(Reason::tls_certificate_expired, "the peer's certificate has expired");
        return {};
    };
}

// ---- TlsStream

TlsStream::TlsStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;
TlsStream::~TlsStream() = default;

Result<TlsStream> TlsStream::create(const TlsContext& context, Fd connected, PeerCheck check) {
    if (!connected || !check) return fail(Reason::invalid_argument, "TLS needs a connection and a check of the peer");
    auto state = std::make_unique<State>();
    state->role = context.state_->role;
    state->peer.own_spki = context.state_->own_spki;
    state->peer.check = std::move(check);
    state->io.fd = std::move(connected);
    state->ssl.reset(SSL_new(context.state_->context.get()));
    BIO* const bio = socket_bio(state->io);
    if (!state->ssl || bio == nullptr) {
        BIO_free(bio);
        return fail_ossl(Reason::internal, "TLS stream");
    }
    SSL_set_bio(state->ssl.get(), bio, bio);  // owns it now
    if (SSL_set_app_data(state->ssl.get(), &state->peer) != 1) return fail_ossl(Reason::internal, "TLS stream");
    if (state->role == TlsContext::Role::client)
        SSL_set_connect_state(state->ssl.get());
    else
        SSL_set_accept_state(state->ssl.get());
    return TlsStream(std::move(state));
}

// Turns a failed call into an error and remembers it: after one, OpenSSL's object may not be used again.
std::unexpected<Error> TlsStream::State::broken(int ssl_error) {
    want = Want::nothing;
    const unsigned long code = ERR_peek_error();
    Error error{Reason::tls_failed, {}, 0};
    if (peer.refused) {
        error = *peer.refused;
    } else if (auto said = meaning_of_alert(code, role); ssl_error == SSL_ERROR_SSL && said) {
        error = *said;
    } else if (io.sys_errno != 0) {
        error.context = "the connection broke";
        error.sys_errno = io.sys_errno;
    } else if (io.ended) {
        error.context = done ? "the peer closed the connection without saying so"
                             : "the peer closed the connection during the handshake";
    } else {
        error.context = ossl_reason();
    }
    ERR_clear_error();
    failed = error;
    return std::unexpected(std::move(error));
}

Result<TlsStream::Want> TlsStream::handshake() {
    State& s = *state_;
    if (s.failed) return std::unexpected(*s.failed);
    if (s.done) return Want::nothing;
    ERR_clear_error();
    const int ok = SSL_do_handshake(s.ssl.get());
    if (ok == 1) {
        s.done = true;
        return s.want = Want::nothing;
    }
    switch (const int error = SSL_get_error(s.ssl.get(), ok)) {
        case SSL_ERROR_WANT_READ:
            return s.want = Want::read;
        case SSL_ERROR_WANT_WRITE:
            return s.want = Want::write;
        default:
            return s.broken(error);
    }
}

Result<std::size_t> TlsStream::read(MutableBytes out) {
    State& s = *state_;
    if (s.failed) return std::unexpected(*s.failed);
    if (!s.done) return fail(Reason::internal, "TLS read before the handshake");
    if (out.empty()) return std::size_t{0};
    ERR_clear_error();
    std::size_t moved = 0;
    const int ok = SSL_read_ex(s.ssl.get(), out.data(), out.size(), &moved);
    s.want = Want::nothing;
    if (ok == 1) return moved;
    switch (const int error = SSL_get_error(s.ssl.get(), ok)) {
        case SSL_ERROR_WANT_READ:
            s.want = Want::read;
            return std::size_t{0};
        case SSL_ERROR_WANT_WRITE:
            s.want = Want::write;
            return std::size_t{0};
        case SSL_ERROR_ZERO_RETURN:
            return fail(Reason::cancelled, "closed");
        default:
            return s.broken(error);
    }
}

Result<std::size_t> TlsStream::write(ByteView data) {
    State& s = *state_;
    if (s.failed) return std::unexpected(*s.failed);
    if (!s.done) return fail(Reason::internal, "TLS write before the handshake");
    if (data.empty()) return std::size_t{0};
    ERR_clear_error();
    std::size_t moved = 0;
    const int ok = SSL_write_ex(s.ssl.get(), data.data(), data.size(), &moved);
    s.want = Want::nothing;
    if (ok == 1) return moved;
    switch (const int error = SSL_get_error(s.ssl.get(), ok)) {
        case SSL_ERROR_WANT_READ:
            s.want = Want::read;
            return std::size_t{0};
        case SSL_ERROR_WANT_WRITE:
            s.want = Want::write;
            return std::size_t{0};
        default:
            return s.broken(error);
    }
}

TlsStream::Want TlsStream::want() const { return state_->want; }
int TlsStream::fd() const { return state_->io.fd.get(); }

void TlsStream::close_notify() {
    const State& s = *state_;
    if (s.failed || !s.done) return;
    ERR_clear_error();
    (void)SSL_shutdown(s.ssl.get());  // our half only; the peer's answer is not waited for
    ERR_clear_error();
}

Sha256 TlsStream::peer_spki() const { return state_->peer.spki; }

Result<Sha256> TlsStream::export_key(std::string_view label, ByteView context) const {
    const State& s = *state_;
    if (!s.done || s.failed) return fail(Reason::internal, "TLS exporter outside a connection");
    Sha256 out;
    if (SSL_export_keying_material(s.ssl.get(), out.data(), out.size(), label.data(), label.size(), context.data(),
                                   context.size(), 1) != 1)
        return fail_ossl(Reason::internal, "TLS exporter");
    return out;
}

}  // namespace ct::crypto
