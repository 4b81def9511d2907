// SPDX-License-Identifier: Apache-2.0
// The face of secretd on the system bus: io.cloudtaser.Secret1.Manager. Checks callers and arguments, keeps the sessions,
// writes the audit; decides nothing.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/tally.h"
#include "crypto/tls.h"
#include "daemons/common/daemon.h"
#include "daemons/secretd/configuration.h"
#include "daemons/secretd/neighbours.h"
#include "daemons/secretd/session.h"
#include "daemons/secretd/session_line.h"
#include "http/client.h"

namespace ct::secretd {

class ManagerService final : public daemon::Service {
public:
    static Result<std::unique_ptr<daemon::Service>> create(daemon::Daemon& daemon);
    ManagerService(daemon::Daemon& daemon, Configuration configuration, std::shared_ptr<const Workloads> workloads,
                   crypto::TlsContext node_identity, crypto::MemorySeal seal);
    Status reload(const config::Document& document) override;

private:
    // A session with what belongs to it on the bus.
    struct Seat {
        std::unique_ptr<Session> session;
        std::unique_ptr<SessionLine> line;
        Tally::Ticket place;
        struct Waiting {
            bus::Call call;
            Tally::Ticket place;
        };
        std::optional<Waiting> waiting;  // OpenSession, until it is answered
        Source process_gone;             // ends what nobody waits for any more
        bool armed = false;
    };

    [[nodiscard]] Status serve();
    [[nodiscard]] bus::Interface interface();
    void open_session(bus::Call call);
    [[nodiscard]] Result<SessionRequest> read_request(bus::Call& call);
    [[nodiscard]] Result<std::map<std::string, Mapping>> parse_environment(const bus::StringMap& asked) const;
    [[nodiscard]] std::unique_ptr<Session> make_session(SessionRequest request);
    void restore_sessions();
    [[nodiscard]] Status restore_session(const KeptSession& kept, Fd line);
    void list_sessions(bus::Call call);
    void revoke_workload(bus::Call call);

    void on_live(Session& session);
    [[nodiscard]] Status hand_over(Seat& seat);
    void on_refused(Session& session, const Error& error);
    void on_ended(Session& session, const Error& why);
    void on_armed(Session& session, int pid);
    void on_grant_refused(const GrantKey& key, const Error& error);
    void on_grant_won(const GrantKey& key, const std::string& evidence, const std::string& record, Seconds life);

    daemon::Daemon& daemon_;
    Configuration configuration_;
    std::shared_ptr<const Workloads> workloads_;
    crypto::TlsContext node_identity_;
    crypto::MemorySeal seal_;
    BusWitness witness_;
    AbsentEnforcer enforcer_;
    BusStreams streams_;
    BusAttester attester_;
    http::Client http_;
    openbao::Client vault_;
    Grants grants_;
    Tally open_, pending_, wanting_;
    SessionSurroundings around_;
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, Seat> seats_;
    std::vector<Seat> finished_;  // freed in the next turn of the loop
    Source sweep_;
    bus::Slot object_;
};

}  // namespace ct::secretd
