// SPDX-License-Identifier: Apache-2.0
// The whole product on one machine, from nothing: a real OpenBao, a software TPM with measured PCRs, the gate, and the
// node's daemons on a private bus, where the first call starts each. Tests, the demo and the benchmarks live in it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/certificate_maker.h"
#include "support/bao.h"
#include "support/private_bus.h"
#include "support/process.h"
#include "support/simulated_machine.h"
#include "support/swtpm.h"

namespace ct::test {

class World {
public:
    struct Options {
        std::map<unsigned, std::string> pcrs = {};  // what the policy says of a PCR, in place of the TPM's own value
        std::vector<std::string> users = {"0"};     // who may open the workload "payments"
        std::string lifetime = "10m";               // of the attestation
        std::string workload_extra;                 // more TOML for the node's [workload.payments]
        std::string policy_extra;                   // more TOML for the gate's [workload.payments]
        std::string gate_extra;                     // more TOML for the gate's file, tables and all
        std::string bridge_gate, bridge_openbao;    // addresses in place of the real ones
        std::string vault_ca;                       // file in place of the real authority
        bool enrolled_keys = false;                 // the policy goes by the node's enrolment, which names no key yet
        std::string gate_pin;                       // hex, in place of the gate's own
        std::optional<std::pair<WallTime, WallTime>> gate_validity, node_validity;
        std::string release_timeout = "20s";
        bool tpm = true;  // a software TPM, and the policy wants its evidence
        // Confidential machines that the node is, too; the policy wants the evidence of each and the gate has their collateral.
        std::vector<SimulatedMachine> machines = {};
        bool restarts =
            false;  // secretd is restarted when it ends, with the descriptors that it left (keeper_main.cpp)
        Bao::Options bao = {};
    };

    // What this machine lacks for it, in words for GTEST_SKIP.
    static std::optional<std::string> missing();
    static Result<std::unique_ptr<World>> start(const Options& options);
    static Result<std::unique_ptr<World>> start() { return start(Options{}); }
    ~World();

    [[nodiscard]] Bao& bao() { return *bao_; }
    [[nodiscard]] Swtpm& tpm() { return *tpm_; }
    [[nodiscard]] PrivateBus& bus() { return *bus_; }
    [[nodiscard]] std::string folder() const { return folder_.path(); }
    [[nodiscard]] std::string gate_address() const { return "127.0.0.1:" + std::to_string(gate_port_); }

    // NAME = "kv/payments#field" in [workload.payments.env], or .secrets; takes effect with reload_node().
    void map(const std::string& name, const std::string& source, const std::string& table = "env");
    // Workloads like "payments" under other names, for node and gate; reloads both.
    [[nodiscard]] Status copy_workload(const std::vector<std::string>& names) const;
    // The gate's policy; takes effect with reload_gate().
    void write_policy(const Options& options);
    Status reload_gate() const;
    Status reload_node() const;
    // The gate is started by the bus like the others: this stops it, and keeps the bus from starting it again.
    void stop_gate();

    // cloudtaser-run --workload payments ARGS -- PROGRAM, ready to be started.
    [[nodiscard]] Launch run(const std::vector<std::string>& program,
                             const std::vector<std::string>& arguments = {}) const;
    [[nodiscard]] std::string tpm_fingerprint() const { return ak_; }
    [[nodiscard]] std::string pcr(unsigned index) const { return measured_.at(index); }  // hex, as the policy has it
    // The states of secretd's sessions, as ListSessions shows them.
    [[nodiscard]] std::vector<std::string> session_states() const;
    // RevokeWorkload: the next launch attests anew.
    [[nodiscard]] Status drop_grants() const;
    // All that secretd, or the gate, wrote to its audit file; one JSON object a line.
    [[nodiscard]] std::string node_audit() const;
    [[nodiscard]] std::string gate_audit() const;
    [[nodiscard]] std::string record_folder() const { return folder_.file("records"); }
    // A counter of a daemon, e.g. ("Secret1", "sessions_opened"); 0 when there is none.
    [[nodiscard]] std::uint64_t counter(const std::string& area, const std::string& name) const;

private:
    World() = default;
    [[nodiscard]] Status prepare_tpm();
    [[nodiscard]] Status make_identities(const Options& options);
    [[nodiscard]] Result<std::string> write_collateral(const Options& options) const;
    [[nodiscard]] Status write_configuration(const Options& options);
    void write_workloads() const;
    [[nodiscard]] Status start_bus(bool restarts);
    [[nodiscard]] Status call_reload(const std::string& area) const;

    TempDir folder_;
    std::unique_ptr<Bao> bao_;
    std::unique_ptr<Swtpm> tpm_;
    std::string ak_;
    std::map<unsigned, std::string> measured_;
    std::uint16_t gate_port_ = 0;
    std::string gate_pin_, node_pin_;
    std::vector<std::string> users_;
    std::string workload_extra_;
    std::map<std::string, std::map<std::string, std::string>> mappings_;
    std::optional<PrivateBus> bus_;
    std::optional<Child> keeper_;  // ended first
};

#define CT_NEEDS_WORLD()                                                                                               \
    do {                                                                                                               \
        if (const auto why = ::ct::test::World::missing()) GTEST_SKIP() << *why;                                       \
    } while (false)

}  // namespace ct::test
