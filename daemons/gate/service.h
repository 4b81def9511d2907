// SPDX-License-Identifier: Apache-2.0
// The gate's parts, wired, and its face on the bus (io.cloudtaser.Gate1.Manager). No decisions.
#pragma once

#include <memory>
#include <string>

#include "crypto/tls.h"
#include "daemons/common/daemon.h"
#include "daemons/gate/audit_recorder.h"
#include "daemons/gate/judge_pool.h"
#include "daemons/gate/lease_ender.h"
#include "daemons/gate/server.h"
#include "daemons/gate/settings.h"
#include "daemons/gate/vault_minter.h"

namespace ct::gate {

class GateService final : public daemon::Service {
public:
    static Result<std::unique_ptr<daemon::Service>> create(daemon::Daemon& daemon);
    GateService(daemon::Daemon& daemon, Settings settings, std::shared_ptr<const Rules> rules, RecordStore records);

    Status reload(const config::Document& document) override;

    // Reads all that a configuration names and changes nothing.
    static Status check(const config::Document& document);

private:
    Status start(std::shared_ptr<const crypto::TlsContext> identity, std::shared_ptr<VaultMinter> minter);
    void adopt(std::shared_ptr<const Rules> rules, std::shared_ptr<const crypto::TlsContext> identity,
               std::shared_ptr<VaultMinter> minter);
    Result<std::shared_ptr<VaultMinter>> make_minter(const VaultSettings& settings);
    Status start_judges();
    bus::Interface interface();
    void announce(const action::Announce& said, const std::string& address);
    void log_peer(LineAllowance& lines, const std::string& what, const Error& why);
    void restore_leases();
    Status restore_lease(const Result<std::string>& record, WallTime now);
    void list_nodes(bus::Call call);
    void show_state();
    void watch_state();

    daemon::Daemon& daemon_;
    Settings settings_;
    std::shared_ptr<const Rules> rules_;
    std::shared_ptr<const crypto::TlsContext> identity_;
    std::shared_ptr<VaultMinter> minter_;
    std::unique_ptr<JudgePool> judges_;
    AuditRecorder recorder_;
    InputBudget input_;
    SeenMessages seen_{kSeenMessages};
    Surroundings around_;
    Leases leases_;
    LeaseEnder ender_;
    Server server_;
    // A minute, each. Verdicts go to the same journal, which has room for so much of one unit.
    LineAllowance handshake_lines_{30}, refusal_lines_{30};
    std::string vault_trouble_, judge_trouble_, lease_trouble_, restore_trouble_;
    WallTime restore_trouble_ends_;
    Source state_timer_;
    bus::Slot object_;
};

}  // namespace ct::gate
