// SPDX-License-Identifier: Apache-2.0
// The grants of this host: won from the gate when first needed, renewed while sessions live by them, wiped at their end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attest/protocol/binding.h"
#include "base/secret_arena.h"
#include "crypto/hpke.h"
#include "crypto/tls.h"
#include "daemons/secretd/gate_conversation.h"
#include "daemons/secretd/grant_core.h"
#include "daemons/secretd/inbox.h"
#include "daemons/secretd/ports.h"
#include "loop/event.h"
#include "openbao/client.h"

namespace ct::secretd {

struct GrantKey {
    std::string workload;
    attest::Identity identity;
    bool operator==(const GrantKey&) const = default;
};

// Who needs a grant. Called from the loop only.
class GrantUser {
public:
    virtual ~GrantUser() = default;
    virtual void on_granted(const attest::Terms& terms) = 0;
    virtual void on_grant_lost(const Error& error) = 0;
};

struct GrantSurroundings {
    EventLoop& loop;
    Attester& attester;
    Streams& streams;
    openbao::Client& vault;
    const crypto::TlsContext& node_identity;
    std::vector<Sha256> gate_pins;  // {current, next}
    Millis step_time;
    std::function<void(const GrantKey&, const Error&)> on_refused;  // for the audit
    std::function<void(const GrantKey&, const std::string& evidence, const std::string& record, Seconds life)> on_won;
};

// One attempt and, if it succeeds, the life that follows.
class Grant {
public:
    using Changed = std::function<void(Grant&)>;
    Grant(const GrantSurroundings& around, GrantKey key, Changed on_granted,
          std::function<void(Grant&, Error)> on_withdrawn);
    void start();
    void abandon() { inbox_.post(Abandoned{}); }
    [[nodiscard]] bool started() const { return started_; }

    [[nodiscard]] const GrantKey& key() const { return key_; }
    [[nodiscard]] GrantState state() const { return core_.state(); }
    [[nodiscard]] const attest::Terms& terms() const { return core_.terms(); }
    [[nodiscard]] const std::string& evidence_kind() const { return core_.evidence_kind(); }
    [[nodiscard]] const std::string& record() const { return core_.record(); }
    [[nodiscard]] const SecretString& token() const { return token_; }
    [[nodiscard]] WallTime expires() const { return expires_; }
    [[nodiscard]] Seconds life() const { return life_; }
    std::set<GrantUser*> users;

private:
    void handle(GrantEvent event);
    void run(Introduce action);
    void run(Connect action);
    void run(SendHello action);
    void run(Collect action);
    void run(SendProof action);
    void run(Unwrap action);
    void run(Announce action);
    void run(Withdraw action);
    [[nodiscard]] Result<Sha512> binding_for(const attest::Challenge& challenge);
    [[nodiscard]] Result<SecretString> open_seal(const attest::Release& release);
    std::function<void(Result<attest::Message>)> on_message();

    const GrantSurroundings& around_;
    GrantKey key_;
    Changed on_granted_;
    std::function<void(Grant&, Error)> on_withdrawn_;
    GrantCore core_;
    Inbox<GrantEvent> inbox_;
    bool started_ = false;
    Source step_timer_;
    Source life_timer_;
    std::unique_ptr<GateConversation> gate_;
    crypto::hpke::KeyPair sealing_key_;
    Sha512 binding_{};
    SecretString wrapping_token_;
    SecretString token_;
    WallTime expires_{};
    Seconds life_{0};
};

class Grants {
public:
    explicit Grants(GrantSurroundings around) : around_(std::move(around)) {}

    // Joins the live grant or the attempt under way, or starts one. on_granted comes later, also for a live grant.
    void acquire(const GrantKey& key, GrantUser& user);
    // The user's reads were refused by OpenBao under a grant that others used before: forget it and try once more.
    void replace(const GrantKey& key, GrantUser& user);
    void leave(GrantUser& user);
    // Ends all grants of a workload; their users are told.
    void drop_workload(const std::string& workload);
    [[nodiscard]] const Grant* find(const GrantKey& key) const;
    void set_gate_pins(std::vector<Sha256> pins) { around_.gate_pins = std::move(pins); }

private:
    // Attests at once, or when its turn comes: see limits::kAttestationsAtOnce.
    Grant& start(const GrantKey& key);
    void begin_waiting();
    [[nodiscard]] bool needed(const Grant& grant) const;
    void won(Grant& grant);
    void lost(Grant& grant, Error error);
    void renew_later(Grant& grant, Seconds after);
    void discard(Grant& grant);

    GrantSurroundings around_;
    std::vector<std::unique_ptr<Grant>> grants_;  // live or in the making; a renewal stands beside the one it follows
    std::map<const Grant*, Source> renewals_;
    std::vector<std::unique_ptr<Grant>> discarded_;  // freed in the next turn of the loop
    Source sweep_, turn_;
};

}  // namespace ct::secretd
