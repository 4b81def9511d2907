// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_rig.h"

namespace ct::crypto {
namespace {

using namespace test;
using Role = TlsContext::Role;

const MadeIdentity& node() {
    static const MadeIdentity made = identity("node");
    return made;
}
const MadeIdentity& gate() {
    static const MadeIdentity made = identity("gate");
    return made;
}
const TlsContext& node_context() {
    static const TlsContext made = context(Role::client, node());
    return made;
}
const TlsContext& gate_context() {
    static const TlsContext made = context(Role::server, gate());
    return made;
}
Ends good_ends() {
    return ends(node_context(), pinned({gate().spki}, kNow), gate_context(), pinned({node().spki}, kNow));
}
Ends connected() {
    Ends both = good_ends();
    EXPECT_TRUE(shake_hands(both).done());
    return both;
}
template <class T>
std::string reason_of(const Result<T>& result) {
    return result ? "none" : std::string(to_string(result.error().reason));
}

TEST(Tls, TwoPinnedEndsMeetAndTalk) {
    Ends both = connected();
    EXPECT_EQ(both.client.peer_spki(), gate().spki);
    EXPECT_EQ(both.server.peer_spki(), node().spki);
    EXPECT_EQ(transfer(both.client, both.server, "hello gate"), "hello gate");
    EXPECT_EQ(transfer(both.server, both.client, "hello node"), "hello node");
}

TEST(Tls, MegabytesPassInBothDirections) {
    Ends both = connected();
    std::string big(3 << 20, '\0');
    for (std::size_t i = 0; i < big.size(); ++i)
        big[i] = static_cast<char>(i * 31 >> 3);
    EXPECT_TRUE(transfer(both.client, both.server, big) == big);
    EXPECT_TRUE(transfer(both.server, both.client, big) == big);
}

TEST(Tls, AnyOfSeveralPinsWillDo) {
    Ends both =
        ends(node_context(), pinned({Sha256{}, gate().spki}, kNow), gate_context(), pinned({node().spki}, kNow));
    EXPECT_TRUE(shake_hands(both).done());
}

TEST(Tls, TheExporterAgreesAtBothEndsAndDiffersByLabelContextAndConnection) {
    Ends both = connected();
    const auto exported = [](const TlsStream& end, std::string_view label, std::string_view with) {
        return end.export_key(label, as_bytes(with)).value();
    };
    const Sha256 value = exported(both.client, "EXPORTER-a", "node");
    EXPECT_EQ(exported(both.server, "EXPORTER-a", "node"), value);
    EXPECT_NE(exported(both.server, "EXPORTER-b", "node"), value);
    EXPECT_NE(exported(both.server, "EXPORTER-a", "gate"), value);
    EXPECT_NE(exported(connected().client, "EXPORTER-a", "node"), value);
}

TEST(Tls, NothingIsExportedReadOrWrittenBeforeTheHandshakeIsDone) {
    Ends both = good_ends();
    std::uint8_t byte = 0;
    EXPECT_FALSE(both.client.export_key("EXPORTER-a", {}));
    EXPECT_FALSE(both.client.read({&byte, 1}));
    EXPECT_FALSE(both.client.write({&byte, 1}));
}

// What each end says of a peer it does not accept, and what the refused one hears. In TLS 1.3 the client is done before
// the server has judged it, so it hears at its first read.
struct Refusal {
    std::string_view name;
    PeerCheck client_check, server_check;
    std::string_view client_handshake, server_handshake, client_read;
};

TEST(Tls, EachRefusalHasItsReasonAtBothEnds) {
    const PeerCheck gate_ok = pinned({gate().spki}, kNow);
    const PeerCheck node_ok = pinned({node().spki}, kNow);
    const PeerCheck revoked = [](const PeerCertificate&) -> Status { return fail(Reason::node_revoked); };
    const Refusal rows[] = {
        {"the node pins another gate", pinned({Sha256{1}}, kNow), node_ok, "tls_peer_pin_mismatch",
         "tls_peer_pin_mismatch", ""},
        {"no pin at all", pinned({}, kNow), node_ok, "tls_peer_pin_mismatch", "tls_peer_pin_mismatch", ""},
        {"the gate's certificate has expired", pinned({gate().spki}, kNow + 2 * kYear), node_ok,
         "tls_certificate_expired", "tls_certificate_expired", ""},
        {"the gate's certificate is not valid yet", pinned({gate().spki}, kNow - 2 * kYear), node_ok,
         "tls_certificate_expired", "tls_certificate_expired", ""},
        {"the wrong pin is said before the expired certificate", pinned({Sha256{1}}, kNow + 2 * kYear), node_ok,
         "tls_peer_pin_mismatch", "tls_peer_pin_mismatch", ""},
        {"the gate does not know the node", gate_ok, pinned({Sha256{1}}, kNow), "none", "tls_peer_pin_mismatch",
         "node_unknown"},
        {"the node's certificate has expired", gate_ok, pinned({node().spki}, kNow + 2 * kYear), "none",
         "tls_certificate_expired", "tls_certificate_expired"},
        {"the node is revoked", gate_ok, revoked, "none", "node_revoked", "node_revoked"},
    };
    for (const Refusal& row : rows) {
        SCOPED_TRACE(row.name);
        Ends both = ends(node_context(), row.client_check, gate_context(), row.server_check);
        const Outcome outcome = shake_hands(both);
        EXPECT_EQ(reason_of(outcome.client), row.client_handshake);
        EXPECT_EQ(reason_of(outcome.server), row.server_handshake);
        if (outcome.client) {
            std::uint8_t byte = 0;
            EXPECT_EQ(reason_of(both.client.read({&byte, 1})), row.client_read);
        }
        // A broken connection stays broken, with the same words.
        EXPECT_EQ(reason_of(both.server.handshake()), row.server_handshake);
    }
}

TEST(Tls, TheLastInstantOfValidityIsValid) {
    const PeerCertificate peer{gate().spki, kNow, kNow + kYear};
    EXPECT_TRUE(pinned({gate().spki}, kNow)(peer));
    EXPECT_TRUE(pinned({gate().spki}, kNow + kYear)(peer));
    EXPECT_FALSE(pinned({gate().spki}, kNow - Seconds(1))(peer));
    EXPECT_FALSE(pinned({gate().spki}, kNow + kYear + Seconds(1))(peer));
}

TEST(Tls, APeerWithOurOwnKeyIsRefusedEvenIfPinned) {
    const TlsContext mirror = context(Role::server, node());
    Ends both = ends(node_context(), pinned({node().spki}, kNow), mirror, pinned({node().spki}, kNow));
    const Outcome outcome = shake_hands(both);
    ASSERT_FALSE(outcome.client);
    EXPECT_EQ(outcome.client.error().to_string(), "tls_peer_pin_mismatch: the peer shows our own key");
}

TEST(Tls, ACleanCloseIsToldFromACut) {
    std::uint8_t byte = 0;
    Ends clean = connected();
    clean.server.close_notify();
    auto closed = clean.client.read({&byte, 1});
    EXPECT_EQ(closed.error().to_string(), "cancelled: closed");

    Ends cut = connected();
    {
        const TlsStream dropped = std::move(cut.server);
    }
    auto broken = cut.client.read({&byte, 1});
    EXPECT_EQ(broken.error().to_string(), "tls_failed: the peer closed the connection without saying so");
}

// SIGPIPE has its default disposition here: raised once, it would end this test program.
TEST(Tls, APeerThatLeavesIsAnErrorNotASignal) {
    {
        Ends both = good_ends();
        {
            const TlsStream dropped = std::move(both.server);
        }
        auto outcome = both.client.handshake();
        EXPECT_EQ(reason_of(outcome), "tls_failed");
        EXPECT_EQ(outcome.error().sys_errno, EPIPE);
    }
    {
        Ends both = good_ends();
        ASSERT_TRUE(both.client.handshake());
        {
            const TlsStream dropped = std::move(both.client);
        }
        Result<TlsStream::Want> outcome = TlsStream::Want::read;
        for (int turn = 0; turn < 3 && outcome; ++turn)
            outcome = both.server.handshake();
        EXPECT_EQ(reason_of(outcome), "tls_failed");
    }
    {
        Ends both = connected();
        {
            const TlsStream dropped = std::move(both.client);
        }
        Result<std::size_t> written = both.server.write(as_bytes("anyone there?"));
        EXPECT_EQ(reason_of(written), "tls_failed");
    }
}

TEST(Tls, AFullSocketIsWaitedForNotBlockedOn) {
    Ends both = connected();
    const std::string big(4 << 20, 'x');
    std::size_t sent = 0;
    for (;;) {
        auto wrote = both.client.write(as_bytes(big).subspan(sent));
        ASSERT_TRUE(wrote);
        if (*wrote == 0) break;
        sent += *wrote;
    }
    EXPECT_LT(sent, big.size());
    EXPECT_EQ(both.client.want(), TlsStream::Want::write);
    // The peer drains, from another address the write goes on, and nothing was lost or doubled.
    std::string moved = big.substr(sent);
    EXPECT_EQ(transfer(both.client, both.server, moved).size(), big.size());
}

TEST(Tls, GarbageInsteadOfAHandshakeIsRefused) {
    const std::string_view garbage[] = {"GET / HTTP/1.1\r\n\r\n", std::string_view("\x16\x03\x01\xff\xff\x01", 6),
                                        std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0", 12),
                                        std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7)};
    for (const auto bytes : garbage) {
        for (const bool server : {true, false}) {
            auto pair = socket_pair().value();
            auto stream = TlsStream::create(server ? gate_context() : node_context(), std::move(pair.ours),
                                            pinned({node().spki}, kNow))
                              .value();
            ASSERT_TRUE(write_all(pair.theirs.get(), bytes.data(), bytes.size()));
            ::shutdown(pair.theirs.get(), SHUT_WR);
            Result<TlsStream::Want> outcome = TlsStream::Want::read;
            for (int turn = 0; turn < 4 && outcome; ++turn)
                outcome = stream.handshake();
            EXPECT_EQ(reason_of(outcome), "tls_failed") << bytes;
        }
    }
}

TEST(Tls, GarbageAfterTheHandshakeIsRefused) {
    Ends both = connected();
    const int raw = both.client.fd();
    ASSERT_EQ(::send(raw, "\x17\x03\x03\x00\x20 not a record of this session!!!!", 37, 0), 37);
    std::uint8_t byte = 0;
    EXPECT_EQ(reason_of(both.server.read({&byte, 1})), "tls_failed");
}

// A client that speaks all versions of TLS up to `most`, without our restrictions.
struct OtherClient {
    explicit OtherClient(int most, Fd connected, const MadeIdentity* who) : fd(std::move(connected)) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_max_proto_version(context, most);
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
        if (who != nullptr) {
            BIO* cert = BIO_new_mem_buf(who->certificate_pem.data(), -1);
            BIO* key = BIO_new_mem_buf(who->key_pem.bytes().data(), static_cast<int>(who->key_pem.size()));
            X509* x509 = PEM_read_bio_X509(cert, nullptr, nullptr, nullptr);
            EVP_PKEY* pkey = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
            EXPECT_EQ(SSL_CTX_use_certificate(context, x509), 1);
            EXPECT_EQ(SSL_CTX_use_PrivateKey(context, pkey), 1);
            X509_free(x509);
            EVP_PKEY_free(pkey);
            BIO_free(cert);
            BIO_free(key);
        }
        ssl = SSL_new(context);
        ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
        SSL_set_fd(ssl, fd.get());
    }
    ~OtherClient() {
        SSL_free(ssl);
        SSL_CTX_free(context);
        ERR_clear_error();
    }
    OtherClient(const OtherClient&) = delete;
    OtherClient& operator=(const OtherClient&) = delete;
    SSL_CTX* context = nullptr;
    SSL* ssl = nullptr;
    Fd fd;
};

struct Meeting {
    int client = 0;
    Result<TlsStream::Want> server = TlsStream::Want::read;
};
Meeting meet(OtherClient& client, TlsStream& server) {
    Meeting meeting;
    for (int turn = 0; turn < 6; ++turn) {
        if (meeting.client != 1) meeting.client = SSL_connect(client.ssl);
        ERR_clear_error();
        if (meeting.server) meeting.server = server.handshake();
    }
    return meeting;
}

TEST(Tls, AClientOfTls12IsRefused) {
    auto pair = socket_pair().value();
    OtherClient client(TLS1_2_VERSION, std::move(pair.ours), &node());
    auto server = TlsStream::create(gate_context(), std::move(pair.theirs), pinned({node().spki}, kNow)).value();
    const Meeting meeting = meet(client, server);
    EXPECT_NE(meeting.client, 1);
    EXPECT_EQ(reason_of(meeting.server), "tls_failed");
}

TEST(Tls, AClientWithoutACertificateIsRefused) {
    auto pair = socket_pair().value();
    OtherClient client(TLS1_3_VERSION, std::move(pair.ours), nullptr);
    auto server = TlsStream::create(gate_context(), std::move(pair.theirs), pinned({node().spki}, kNow)).value();
    EXPECT_EQ(reason_of(meet(client, server).server), "tls_failed");
}

TEST(Tls, NoTicketIsEverGivenAndSoNothingCanBeResumed) {
    auto pair = socket_pair().value();
    OtherClient client(TLS1_3_VERSION, std::move(pair.ours), &node());
    static int tickets = 0;
    SSL_CTX_set_session_cache_mode(client.context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(client.context, [](SSL*, SSL_SESSION*) { return ++tickets, 0; });
    auto server = TlsStream::create(gate_context(), std::move(pair.theirs), pinned({node().spki}, kNow)).value();
    const Meeting meeting = meet(client, server);
    ASSERT_EQ(meeting.client, 1);
    ASSERT_TRUE(meeting.server);
    ASSERT_EQ(*meeting.server, TlsStream::Want::nothing);
    ASSERT_EQ(server.write(as_bytes("x")), 1U);
    char byte = 0;
    EXPECT_EQ(SSL_read(client.ssl, &byte, 1), 1);  // a ticket would have come before this
    EXPECT_EQ(tickets, 0);
    EXPECT_EQ(SSL_version(client.ssl), TLS1_3_VERSION);
}

TEST(TlsContext, KnowsItsOwnPinAndEnd) {
    EXPECT_EQ(node_context().own_spki(), node().spki);
    EXPECT_EQ(node_context().own_not_after(), kNow + kYear);
}

TEST(TlsContext, RefusesWhatIsNotAKeyPair) {
    const auto refused = [](std::string_view certificate, ByteView key) {
        return reason_of(TlsContext::create(Role::client, certificate, key));
    };
    EXPECT_EQ(refused("", node().key_pem.bytes()), "malformed");
    EXPECT_EQ(refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", node().key_pem.bytes()),
              "malformed");
    EXPECT_EQ(refused(node().certificate_pem, {}), "malformed");
    EXPECT_EQ(refused(node().certificate_pem, as_bytes("not a key")), "malformed");
    EXPECT_EQ(refused(node().certificate_pem, gate().key_pem.bytes()), "invalid_argument");
    const Bytes huge(20'000, 'a');
    EXPECT_EQ(refused(node().certificate_pem, huge), "too_large");
}

}  // namespace
}  // namespace ct::crypto
