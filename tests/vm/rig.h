// SPDX-License-Identifier: Apache-2.0
// The vault side (a real OpenBao, the gate) on this host, and a node with our packages on a whole machine. They meet on the
// machine's one network card.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "crypto/certificate_maker.h"
#include "support/bao.h"
#include "support/private_bus.h"
#include "virtual_machine.h"

namespace ct::test {

class Rig {
public:
    static std::optional<std::string> missing();
    // Boots the machine, configures its node and enrols it. Nothing is allowed yet.
    static Result<std::unique_ptr<Rig>> start();

    [[nodiscard]] VirtualMachine& machine() { return *machine_; }
    [[nodiscard]] Bao& bao() { return *bao_; }

    // What a machine is to the gate's policy.
    struct Posture {
        std::map<unsigned, std::string> pcrs;  // hex
        std::string ak;                        // "sha256:HEX"
    };
    // As the machine shows itself now.
    Result<Posture> posture();
    // From now on the gate releases the secrets of "payments" to a machine that is this, and to no other.
    Status allow(const Posture& posture);

    // cloudtaser-run --workload payments -- /bin/true, as the user payments, without a grant from before.
    VirtualMachine::Outcome launch();
    // What the gate has written to its audit stream; and the machine's journal of our daemons, as JSON.
    [[nodiscard]] std::string gate_audit() const;
    std::string node_journal();

private:
    Rig() = default;
    [[nodiscard]] Status start_gate();
    [[nodiscard]] Status configure_node();
    [[nodiscard]] Status reload_gate() const;

    TempDir folder_;
    std::unique_ptr<Bao> bao_;
    std::unique_ptr<VirtualMachine> machine_;
    crypto::MadeIdentity gate_;
    std::uint16_t gate_port_ = 0;
    unsigned epoch_ = 0;
    std::optional<PrivateBus> bus_;
};

}  // namespace ct::test
