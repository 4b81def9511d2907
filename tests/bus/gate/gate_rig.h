// SPDX-License-Identifier: Apache-2.0
// A gate with its OpenBao, a node with its TPM, and nothing between them but the release protocol.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/collect/tpm2/settings.h"
#include "attest/judge/record.h"
#include "bus/connection.h"
#include "support/bao.h"
#include "support/gate_client.h"
#include "support/private_bus.h"
#include "support/swtpm.h"

namespace ct::test {

// A TPM with three measured PCRs and the collector of a node that owns it. Made once a test program: keys take time.
struct Machine {
    static Result<std::unique_ptr<Machine>> make();
    // A collector of the same TPM that shows another event log.
    [[nodiscard]] std::unique_ptr<attest::Collector> with_event_log(const std::string& file) const;

    std::unique_ptr<Swtpm> tpm;
    attest::Tpm2Settings settings;
    std::unique_ptr<attest::Collector> collector;
    std::string ak;                        // as policies name it
    std::map<unsigned, std::string> pcrs;  // hex
};

struct PolicyOptions {
    std::uint64_t epoch = 1;
    std::map<unsigned, std::string> pcrs = {};  // in place of the machine's own
    std::string workload = {};                  // more TOML for [workload.payments]
    std::string tpm2 = {};                      // more TOML for [workload.payments.tpm2]
};

// Whether `text` lies in memory of the process that root can read from outside: everything but secret memory.
bool lies_in_ordinary_memory(int pid, std::string_view text);

class GateRig : public testing::Test {
protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite();
    void SetUp() override;

    // Starts the gate. `more` is TOML for gate.toml, at its end.
    void start(const PolicyOptions& policy = {}, const std::string& more = {});
    void write_policy(const PolicyOptions& policy);
    void write_nodes(const std::vector<std::pair<std::string, Sha256>>& nodes, const std::string& more = {});
    void write_config(const std::string& more = {});
    Status reload();

    // One exchange with the gate by `identity`. The reason that the node hears, or "released", or the transport's error.
    std::string ask(const Tampering& tampering = {}, const std::string& workload = "payments");
    std::string ask_as(const crypto::MadeIdentity& identity, attest::Collector& collector,
                       const Tampering& tampering = {}, const std::string& workload = "payments");

    // The gate's side of the last exchange says the same: its audit line, and one record that replays to the same bytes.
    void expect_on_record(const std::string& reason);
    [[nodiscard]] std::vector<judge::Record> records() const;
    [[nodiscard]] std::string audit() const;
    [[nodiscard]] std::uint64_t counter(const std::string& name);
    Result<bus::Message> property(const char* interface, const char* name);

    static std::unique_ptr<Bao> bao_;
    static std::unique_ptr<Machine> machine_;

    TempDir folder_;
    std::uint16_t port_ = free_port();
    crypto::MadeIdentity gate_ = make_identity("gate.test");
    crypto::MadeIdentity node_ = make_identity("node.test");
    attest::Identity who_{1001, "payments.service", Sha256{0x55}};
    std::string vault_address_, vault_ca_, vault_token_;  // in place of the suite's server
    GateAnswer last_;
    std::optional<PrivateBus> bus_;
    std::optional<bus::Connection> client_;

    static crypto::MadeIdentity make_identity(const char* name, std::chrono::hours until = std::chrono::hours{24});
};

}  // namespace ct::test
