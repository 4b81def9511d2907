// SPDX-License-Identifier: Apache-2.0
#include "support/gate_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "crypto/digest.h"

namespace ct::test {
namespace {

Result<Fd> connect_loopback(std::uint16_t port) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // As a node does: a hello waits for no acknowledgement.
    const int one = 1;
    if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        return fail_errno(Reason::gate_unreachable, "TCP_NODELAY");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return fail_errno(Reason::gate_unreachable, "connect");
    return fd;
}

WallTime now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

}  // namespace

Status GateClient::wait(crypto::TlsStream::Want want) {
    pollfd waiting{tls_->fd(), static_cast<short>(want == crypto::TlsStream::Want::write ? POLLOUT : POLLIN), 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(most_.count()));
    if (ready == 0) return fail(Reason::timed_out, "the gate says nothing");
    if (ready < 0) return fail_errno(Reason::io_failed, "poll");
    return {};
}

Result<GateClient> GateClient::connect(std::uint16_t port, const crypto::MadeIdentity& identity,
                                       std::vector<Sha256> pins, Millis most) {
    CT_TRY(auto context, crypto::TlsContext::create(crypto::TlsContext::Role::client, identity.certificate_pem,
                                                    identity.key_pem.bytes()));
    CT_TRY(auto fd, connect_loopback(port));
    auto kept = std::make_unique<crypto::TlsContext>(std::move(context));
    CT_TRY(auto tls, crypto::TlsStream::create(*kept, std::move(fd), crypto::pinned(std::move(pins), now())));
    GateClient out(std::move(kept), std::make_unique<crypto::TlsStream>(std::move(tls)), most);
    for (;;) {
        CT_TRY(const auto want, out.tls_->handshake());
        if (want == crypto::TlsStream::Want::nothing) return out;
        CT_CHECK(out.wait(want));
    }
}

Status GateClient::send_raw(ByteView bytes) {
    while (!bytes.empty()) {
        CT_TRY(const auto count, tls_->write(bytes));
        bytes = bytes.subspan(count);
        if (count == 0) CT_CHECK(wait(tls_->want()));
    }
    return {};
}

Result<attest::Message> GateClient::receive() {
    std::array<std::uint8_t, 16384> chunk;
    for (;;) {
        if (const auto message = frames_.next()) return attest::decode(*message);
        CT_TRY(const auto count, tls_->read(chunk));
        if (count == 0)
            CT_CHECK(wait(tls_->want()));
        else
            CT_CHECK(frames_.feed(ByteView(chunk).first(count)));
    }
}

Result<GateAnswer> ask_gate(GateClient& client, attest::Collector& collector, const std::string& workload,
                            const attest::Identity& who, const Tampering& tampering) {
    CT_TRY(auto key, crypto::hpke::generate_key_pair());
    attest::Hello hello;
    hello.workload = workload;
    hello.identity = who;
    hello.sealing_key = key.public_key;
    CT_TRY(auto introduction, collector.introduction());
    hello.introductions.push_back({std::string(collector.kind()), std::move(introduction)});
    if (tampering.hello) tampering.hello(hello);
    CT_CHECK(client.send(hello));

    GateAnswer out;
    CT_TRY(auto reply, client.receive());
    if (auto* refusal = std::get_if<attest::Refusal>(&reply)) {
        out.refusal = std::move(*refusal);
        return out;
    }
    auto* challenge = std::get_if<attest::Challenge>(&reply);
    if (challenge == nullptr) return fail(Reason::protocol_violation, "no challenge");
    if (tampering.challenge) tampering.challenge(*challenge);

    CT_TRY(const auto exporter, client.exporter());
    const auto right = attest::binding_value({.role = "node",
                                              .challenge = challenge->challenge,
                                              .exporter = exporter,
                                              .node_spki = client.own_spki(),
                                              .gate_spki = client.gate_spki(),
                                              .sealing_key = hello.sealing_key,
                                              .workload = hello.workload,
                                              .identity = crypto::sha256(attest::encode_identity(hello.identity)),
                                              .policy_epoch = challenge->policy_epoch});
    auto binding = right;
    if (tampering.binding) tampering.binding(binding);
    for (const auto& request : challenge->requests) {
        CT_TRY(auto evidence, collector.collect(request.body, binding));
        out.proof.evidence.push_back({request.kind, std::move(evidence)});
    }
    collector.release();
    if (tampering.proof) tampering.proof(out.proof);
    CT_CHECK(client.send(out.proof));

    CT_TRY(auto answer, client.receive());
    if (auto* refusal = std::get_if<attest::Refusal>(&answer)) {
        out.refusal = std::move(*refusal);
        return out;
    }
    auto* release = std::get_if<attest::Release>(&answer);
    if (release == nullptr) return fail(Reason::protocol_violation, "neither release nor refusal");
    CT_TRY(out.token, crypto::hpke::open(key, as_bytes(attest::kSealInfo), right, release->sealed_token));
    out.release = std::move(*release);
    return out;
}

}  // namespace ct::test
