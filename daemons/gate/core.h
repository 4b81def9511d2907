// SPDX-License-Identifier: Apache-2.0
// One exchange of the release protocol, seen from the gate, as a pure state machine: (state, event) to (state, actions).
// Time, randomness, policy and the answers of judge, OpenBao and disk come in as values. The states are those of
// docs/release-protocol.md. Whatever goes wrong, the only way to `release` leads through an affirming verdict, a token that
// OpenBao wrapped, and a record on stable storage.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attest/judge/appraisal.h"
#include "attest/judge/decision.h"
#include "attest/judge/enrolment.h"
#include "attest/judge/policy.h"
#include "attest/judge/record.h"
#include "attest/judge/worker_protocol.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"

namespace ct::gate {

// What the gate allows at one moment; replaced as a whole by a reload.
struct Rules {
    judge::Policy policy;
    judge::Enrolments nodes;
    std::optional<std::uint64_t> policy_serial = {};  // of a signed policy
};

// What may happen to an exchange.
namespace event {
// The TLS handshake is done. The peer has proven that it holds the key; whether the gate knows it is judged here.
struct Connected {
    Sha256 node_spki{}, gate_spki{};
    WallTime not_before, not_after;  // of the peer's certificate
    ByteArray<32> exporter{};
    ByteArray<32> seed{}, challenge{};  // fresh random bytes
};
struct Received {
    Bytes message;             // one whole frame's content
    bool seen_before = false;  // the same bytes came before, on any connection
};
// The peer's bytes are no frame, or no TLS: there is nothing more to expect from it.
struct Broken {
    Error error;
};
struct DeadlinePassed {};
struct PeerClosed {};
// A judge answered the question with this number.
struct Opened {
    std::uint64_t question = 0;
    judge::Opening opening;
    std::uint64_t judge = 0;  // who, for EndJudge
};
struct Judged {
    std::uint64_t question = 0;
    judge::Decision decision;
    std::uint64_t judge = 0;
};
struct JudgeFailed {
    std::uint64_t question = 0;
    Error error;
};
// OpenBao answered, and the token was sealed to the node's key.
struct Minted {
    Bytes sealed_token;
    std::string creation_path;
    std::string accessor;
};
struct MintFailed {
    Error error;
};
struct Stored {};
struct StoreFailed {
    Error error;
};
}  // namespace event
using Event = std::variant<event::Connected, event::Received, event::Broken, event::DeadlinePassed, event::PeerClosed,
                           event::Opened, event::Judged, event::JudgeFailed, event::Minted, event::MintFailed,
                           event::Stored, event::StoreFailed>;

// How an exchange ended, for the audit stream and the bus.
struct Verdict {
    bool released = false;
    Reason reason = Reason::internal;  // when not released
    std::string detail;
    std::string workload, node, kinds;
    std::string record;         // id; empty if it could not be stored
    std::string record_sha256;  // of the record's file
    std::string accessor;       // of the token, if one was made
    std::uint64_t policy_epoch = 0;
    Sha256 policy_hash{};
    Seconds lifetime{0};
};

// What the daemon must do then, in this order.
namespace action {
struct Send {
    Bytes message;  // without its frame
};
struct SetDeadline {
    Millis after;  // replaces the one before
};
// For the judge: evidence is looked at by no other process. Answered by Opened, Judged or JudgeFailed.
struct Ask {
    judge::Question question;
    std::shared_ptr<const Rules> rules;
};
// It answered what no honest judge answers (scrutiny.h): nobody is to ask it again.
struct EndJudge {
    std::uint64_t judge = 0;
    std::string why;
};
struct Mint {
    judge::MintOrder order;
    std::string display_name;
    std::map<std::string, std::string> meta;
    ByteArray<32> sealing_key{};
    Sha512 binding{};
};
// Onto stable storage and into the audit stream, before the node hears of it. Answered by Stored or StoreFailed.
struct Store {
    Verdict verdict;
    Bytes record;
    Sha256 node_spki{};
    bool stranger = false;     // the peer is not enrolled: it may not fill the disk
    bool token_asked = false;  // OpenBao may have made a token, whatever the verdict is in the end
};
// For the counters, the bus signal and the table of leases. Once for each verdict, after the node was answered.
struct Announce {
    Verdict verdict;
    judge::Decision decision;
    Sha256 node_spki{};
};
// Nothing more will be read as a message: what still arrives is thrown away until the peer closes or the deadline passes,
// so that the last answer is not lost to a reset.
struct Drain {};
struct Close {};
}  // namespace action
using Action = std::variant<action::Send, action::SetDeadline, action::Ask, action::EndJudge, action::Mint,
                            action::Store, action::Announce, action::Drain, action::Close>;

enum class State : std::uint8_t {
    handshake,  // TLS
    hello,      // waits for the node's hello
    opening,    // the judge looks at the hello
    proof,      // the challenge is out, waits for the proof
    judging,    // the judge looks at everything
    mint,       // the verdict is affirming, OpenBao has been asked for a token
    record,     // the verdict is being written
    answered,   // release or refusal is sent
    closed,
};
std::string_view to_string(State state);

// What an event is judged by: the rules as they are now, and the time.
struct Moment {
    std::shared_ptr<const Rules> rules;
    WallTime now;
};

// The judge, and then the client of OpenBao, give up first and say why; these are for the case that they do not.
inline constexpr Millis kJudgeDeadline = limits::kVerdictTime + Millis{2000};
inline constexpr Millis kMintDeadline = limits::kVaultReplyTime + Millis{2000};
// A token's time begins when OpenBao makes it: at most so long after the time that the verdict counts from.
inline constexpr Millis kTokenDelay = kJudgeDeadline + kMintDeadline;
inline constexpr Millis kLinger{2000};  // for the peer to take the answer and close

class Exchange {
public:
    [[nodiscard]] State state() const { return state_; }
    // Messages are only read in these states; in the others the peer's bytes wait in the socket.
    [[nodiscard]] bool wants_message() const;
    std::vector<Action> on(Event event, const Moment& moment);

private:
    using Actions = std::vector<Action>;
    Actions connected(event::Connected& event, const Moment& moment);
    Actions received(const event::Received& event, const Moment& moment);
    Actions take_hello(attest::Hello hello, const Moment& moment);
    Actions take_proof(attest::Proof proof, const Moment& moment);
    Actions minted(event::Minted& event, const Moment& moment);
    Actions fault(Reason reason, const std::string& detail, const Moment& moment);
    Actions ask(judge::Question::About about, const Moment& moment);
    Actions ask_again(const Moment& moment);
    Actions opened(event::Opened& event, const Moment& moment);
    Actions judged(event::Judged& event, const Moment& moment);
    Actions distrust(std::uint64_t judge, const Error& error, const Moment& moment);
    Actions judge_failed(const Error& error, const Moment& moment);
    Actions conclude(judge::Decision decision);
    [[nodiscard]] bool answers_us(std::uint64_t question) const;
    Actions refuse(Reason reason, std::string detail);
    Actions store();
    Actions answer(bool stored);
    Actions close();

    State state_ = State::handshake;
    judge::Case facts_;
    ByteArray<32> challenge_{};
    std::uint64_t question_ = 0;  // the last one that the judge was asked
    // The verdict in work.
    std::shared_ptr<const Rules> judged_by_;
    judge::Decision decision_;
    Verdict verdict_;
    event::Minted token_;
    bool peer_gone_ = false, token_asked_ = false;
    unsigned answers_ = 0;
};

}  // namespace ct::gate
