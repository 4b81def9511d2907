// SPDX-License-Identifier: Apache-2.0
// The node's side of the release protocol, synchronous and without scruples: each step can be tampered with.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "attest/collect/collector.h"
#include "attest/protocol/binding.h"
#include "attest/protocol/messages.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret_arena.h"
#include "crypto/certificate_maker.h"
#include "crypto/hpke.h"
#include "crypto/tls.h"

namespace ct::test {

// One connection to a gate on 127.0.0.1.
class GateClient {
public:
    // TCP and TLS. Errors are those of crypto/tls.h, timed_out after `most`.
    static Result<GateClient> connect(std::uint16_t port, const crypto::MadeIdentity& identity,
                                      std::vector<Sha256> pins, Millis most = Millis{10'000});

    Status send(const attest::Message& message) { return send_raw(attest::frame(attest::encode(message))); }
    Status send_raw(ByteView bytes);  // as it is, frame or not
    // The next message. Reason::cancelled if the gate has closed instead.
    Result<attest::Message> receive();

    [[nodiscard]] Sha256 gate_spki() const { return tls_->peer_spki(); }
    [[nodiscard]] Result<Sha256> exporter() const { return tls_->export_key(attest::kExporterLabel, as_bytes("node")); }
    [[nodiscard]] Sha256 own_spki() const { return context_->own_spki(); }

private:
    GateClient(std::unique_ptr<crypto::TlsContext> context, std::unique_ptr<crypto::TlsStream> tls, Millis most)
        : context_(std::move(context)), tls_(std::move(tls)), most_(most) {}
    Status wait(crypto::TlsStream::Want want);

    std::unique_ptr<crypto::TlsContext> context_;
    std::unique_ptr<crypto::TlsStream> tls_;
    attest::FrameReader frames_;
    Millis most_;
};

// What a test may change on the way. Each gets what is about to be used.
struct Tampering {
    std::function<void(attest::Hello&)> hello;
    std::function<void(attest::Challenge&)> challenge;  // as the node believes to have got it
    std::function<void(Sha512&)> binding;               // what the evidence is made over
    std::function<void(attest::Proof&)> proof;
};

// What became of it: exactly one of the two.
struct GateAnswer {
    std::optional<attest::Release> release;
    std::optional<attest::Refusal> refusal;
    SecretBuffer token;   // of the release, opened
    attest::Proof proof;  // as it was sent, for replays
    [[nodiscard]] std::string reason() const { return refusal ? refusal->reason : "released"; }
};

// hello, challenge, evidence by `collector`, proof, answer. An error is the transport's or the collector's.
Result<GateAnswer> ask_gate(GateClient& client, attest::Collector& collector, const std::string& workload,
                            const attest::Identity& who, const Tampering& tampering = {});

}  // namespace ct::test
