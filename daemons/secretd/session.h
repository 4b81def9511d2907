// SPDX-License-Identifier: Apache-2.0
// One launch: carries out what SessionCore decides and owns what it must wipe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/tally.h"
#include "daemons/secretd/grants.h"
#include "daemons/secretd/inbox.h"
#include "daemons/secretd/kept_session.h"
#include "daemons/secretd/payload.h"
#include "daemons/secretd/ports.h"
#include "daemons/secretd/session_core.h"
#include "loop/event.h"
#include "openbao/client.h"

namespace ct::secretd {

struct SessionSurroundings {
    EventLoop& loop;
    Witness& witness;
    Enforcer& enforcer;
    Grants& grants;
    openbao::Client& vault;
    const http::Client& wire;  // its counters
    Protection protection;
    crypto::MemorySeal& seal;
    Tally& wanting;  // calls on lines, of each caller, that wait for their sessions to wake
    Millis release_time;
};

struct SessionRequest {
    std::uint64_t id = 0;
    std::shared_ptr<const WorkloadRules> rules;
    std::map<std::string, Mapping> extra_environment;  // asked for by the launcher; wins over the rules' mapping
    Fd pidfd;                                          // until it is live
    std::uint64_t caller_uid = 0;
};

class Session final : public GrantUser {
public:
    struct Events {
        std::function<void(Session&)> on_live;
        std::function<void(Session&, const Error&)> on_refused;  // before it was live
        std::function<void(Session&, const Error&)> on_ended;    // wiped; the owner drops it
    };
    Session(const SessionSurroundings& around, SessionRequest request, Events events);
    ~Session() override;

    void start();
    // In place of start(): a session that a former secretd opened. It holds nothing until its line asks.
    [[nodiscard]] Status restore(const KeptSession& kept);
    // What a later secretd needs to go on with it; no secret is in it.
    [[nodiscard]] KeptSession keepsake() const;
    void close() { inbox_.post(LineClosed{}); }
    void revoke() { inbox_.post(Revoked{}); }

    // Calls `then` when arm() and fetch() can serve: at once in a live session, after attestation and reads in one that
    // was dormant; or with the reason why not: quota_exceeded when limits::kWaitingPerCaller wait already.
    void want(std::function<void(Status)> then);
    // session_ended unless live.
    [[nodiscard]] Result<SecretPage> arm() const;
    [[nodiscard]] Result<SecretPage> fetch(std::string_view name) const;
    [[nodiscard]] const Payload* payload() const { return payload_ ? &*payload_ : nullptr; }

    [[nodiscard]] std::uint64_t id() const { return request_.id; }
    [[nodiscard]] const std::string& workload() const { return request_.rules->name; }
    [[nodiscard]] const Fd& process() const { return request_.pidfd; }
    // Who it is was settled when the session went live; its end is told by the line.
    void forget_process() { request_.pidfd.reset(); }
    [[nodiscard]] std::uint64_t caller_uid() const { return request_.caller_uid; }
    [[nodiscard]] SessionState state() const { return core_.state(); }
    [[nodiscard]] const attest::Identity& identity() const { return core_.identity(); }
    [[nodiscard]] WallTime opened() const { return opened_; }
    [[nodiscard]] const std::string& evidence_kind() const { return evidence_kind_; }
    [[nodiscard]] const std::string& tiers() const { return tiers_; }
    [[nodiscard]] WallTime expires() const;
    // True if the session was served under a grant that was live when it came.
    [[nodiscard]] bool warm() const { return warm_; }
    // Round trips to OpenBao that its reads took (shared with other sessions that read at the same time).
    [[nodiscard]] std::uint64_t round_trips() const { return round_trips_; }

    void on_granted(const attest::Terms& terms) override;
    void on_grant_lost(const Error& error) override;

private:
    void handle(SessionEvent event);
    void run(Identify action);
    void run(Protect action);
    void run(AcquireGrant action);
    void run(Fetch action);
    void run(Answer action);
    void run(Serve action);
    void run(Refuse action);
    void run(Deny action);
    void run(End action);
    void start_deadline();
    void forget();
    void serve_waiting(const Status& status);
    [[nodiscard]] std::map<std::string, Mapping> environment() const;
    void read_next_batch();
    void on_read(std::size_t index, Result<openbao::KvSecret> secret);
    [[nodiscard]] Result<Payload> assemble() const;

    const SessionSurroundings& around_;
    SessionRequest request_;
    Events events_;
    SessionCore core_;
    Inbox<SessionEvent> inbox_;
    Source deadline_;
    WallTime opened_;
    std::optional<GrantKey> grant_key_;
    std::string evidence_kind_;
    std::string tiers_;
    bool warm_ = false;
    bool retried_ = false;  // one fresh grant after a stale token, never two

    struct Read {
        openbao::SecretRef ref;  // its field is unused: one read serves all fields of a secret
        std::optional<openbao::KvSecret> secret;
    };
    std::vector<Read> reads_;
    std::size_t reads_open_ = 0;
    std::uint64_t read_round_ = 0;  // tells answers of an abandoned round apart
    std::uint64_t flights_before_ = 0;
    std::uint64_t round_trips_ = 0;
    std::optional<Payload> payload_;
    struct Waiting {
        std::function<void(Status)> then;
        Tally::Ticket place;
    };
    std::vector<Waiting> waiting_;  // on the line
};

}  // namespace ct::secretd
