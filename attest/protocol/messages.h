// SPDX-License-Identifier: Apache-2.0
// The release protocol between a node and its gate: four CBOR messages over one pinned TLS 1.3 connection, each framed by
// a u32be length. hello -> challenge -> proof -> release | refusal. Kinds of evidence are words; bodies are opaque here.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::attest {

inline constexpr std::uint64_t kProtocolVersion = 1;

// Who asks, as the node's kernel said.
struct Identity {
    std::uint64_t uid = 0;
    std::string unit;                  // systemd unit, empty outside one
    std::optional<Sha256> executable;  // digest of the file that runs, where it could be read
    bool operator==(const Identity&) const = default;
};
Bytes encode_identity(const Identity& identity);  // canonical CBOR; what binding.h digests
bool valid_kind(std::string_view word);           // [a-z0-9-]{1,32}

struct KindBlob {
    std::string kind;
    Bytes body;
    bool operator==(const KindBlob&) const = default;
};

struct Hello {
    std::uint64_t version = kProtocolVersion;
    std::string workload;
    Identity identity;
    ByteArray<32> sealing_key{};
    std::vector<KindBlob> introductions;  // one a kind that this node can prove
    bool operator==(const Hello&) const = default;
};

struct Challenge {
    ByteArray<32> challenge{};
    std::uint64_t policy_epoch = 0;
    std::vector<KindBlob> requests;  // the kinds that the policy wants, with what each collector must do
    bool operator==(const Challenge&) const = default;
};

struct Proof {
    std::vector<KindBlob> evidence;
    bool operator==(const Proof&) const = default;
};

// What the policy lets the node do with the secrets.
struct Terms {
    Seconds lifetime{0};       // of the attested grant, from now; never beyond the verdict's expiry
    std::string tiers = "AB";  // letters of the tiers that the policy allows
    bool require_enforcement = false;
    bool allow_degraded_memory = false;
    bool operator==(const Terms&) const = default;
};

struct Release {
    Bytes sealed_token;         // HPKE: info = kSealInfo, aad = binding value
    std::string creation_path;  // what the wrapping token must have been made by
    std::string evidence_kind;  // "tpm2", or several joined by '+'
    std::string record;         // id of the gate's audit record
    Terms terms;
    bool operator==(const Release&) const = default;
};

struct Refusal {
    std::string reason;  // a word of base/reason.h
    std::string detail;
    std::string record;
    bool operator==(const Refusal&) const = default;
};

using Message = std::variant<Hello, Challenge, Proof, Release, Refusal>;

inline constexpr std::string_view kSealInfo = "cloudtaser/release/v1";

// Layout: docs/binding.md, section Messages. Without the frame. Refusal::detail is for a person: what decode() would
// refuse in it is replaced or cut.
Bytes encode(const Message& message);
// Bounded by limits::kGateMessage; unknown fields, duplicates and trailing bytes are protocol_violation. A hello of another
// version is protocol_version, whatever else it holds.
Result<Message> decode(ByteView bytes);

// Reassembles frames from a byte stream. The protocol is lock-step, so at most one message is ever in flight: more bytes
// than one largest frame waiting to be taken is an error too. After an error the connection is of no further use.
class FrameReader {
public:
    // Adds what arrived; too_large before anything is stored if the announced length is over the limit,
    // protocol_violation for an empty frame.
    Status feed(ByteView bytes);
    // The next whole frame, if there is one.
    std::optional<Bytes> next();
    // True if bytes of an unfinished frame wait: a stream that ends now was cut short.
    [[nodiscard]] bool mid_frame() const { return !pending_.empty(); }

private:
    Bytes pending_;
    std::size_t checked_ = 0;  // where the first frame starts whose length has not been looked at
};
Bytes frame(ByteView message);

}  // namespace ct::attest
