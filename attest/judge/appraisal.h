// SPDX-License-Identifier: Apache-2.0
// The verdict: a pure function of (policy, case). Everything that a verdict depends on is in these two; there is no clock,
// no randomness and no I/O here. The order of checks is that of docs/release-protocol.md; each has its own reason, and
// nothing is skipped because something before it failed, as long as it can be judged at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/judge/decision.h"
#include "attest/judge/enrolment.h"
#include "attest/judge/policy.h"
#include "attest/protocol/messages.h"
#include "base/bytes.h"
#include "base/clock.h"

namespace ct::judge {

// The challenge of a case and what became of it.
struct Challenged {
    attest::Challenge challenge;
    WallTime at;                         // when it was sent
    std::vector<attest::KindBlob> kept;  // what each verifier kept for the proof
    bool spent = false;                  // a proof has been judged against it before
};

// One exchange between a node and the gate, as far as it came.
struct Case {
    WallTime at;           // when the verdict was asked for
    ByteArray<32> seed{};  // random, one an exchange; see kind_entropy()
    // From TLS.
    Sha256 node_spki{}, gate_spki{};
    WallTime not_before, not_after;  // of the node's certificate
    ByteArray<32> exporter{};
    // From the gate's list, by node_spki.
    std::optional<EnrolledNode> node;
    // From the wire.
    std::optional<attest::Hello> hello;
    std::optional<Challenged> challenged;
    std::optional<attest::Proof> proof;
    bool proof_seen = false;  // these very bytes came to this gate before: somebody has recorded an exchange
    // How the exchange broke the protocol, if it did: a refusal in itself.
    std::optional<attest::Finding> fault;
};

// What the gate asks the node to prove, if the policy lets it try at all.
struct Opening {
    std::vector<attest::Finding> findings;   // empty: send the challenge
    std::vector<attest::KindBlob> requests;  // for the challenge
    std::vector<attest::KindBlob> kept;
};

// Judges as far as the hello: the node, the workload, the caller, and whether what the node offers can lead anywhere.
Opening open(const Policy& policy, const Case& facts, const FindVerifier& find = attest::find_verifier);

// The part of it that needs nothing of what the peer sends: it may be asked before a byte is read.
std::vector<attest::Finding> check_peer(const Policy& policy, const Case& facts);

// All that can be said against a case without a look at evidence: with just this, every verdict on it begins. Whoever has left the
// evidence to others can so see what no evidence makes good. Takes microseconds.
std::vector<attest::Finding> must_refuse(const Policy& policy, const Case& facts);

// The verdict. Without a proof there is nothing to grant: the result is always a refusal then. Of a case whose judge died
// (judge_unavailable) it looks at nothing that the peer sent.
Decision appraise(const Policy& policy, const Case& facts, const FindVerifier& find = attest::find_verifier,
                  attest::Memo* memo = nullptr);

// SHA-256("cloudtaser/gate/entropy/v1" 0x00 | kind 0x00 | seed): the randomness that a verifier gets for its request.
ByteArray<32> kind_entropy(const ByteArray<32>& seed, std::string_view kind);

// The value that the evidence of this case must be made over. Needs a hello and a challenge.
Sha512 case_binding(const Case& facts);

}  // namespace ct::judge
