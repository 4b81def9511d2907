// SPDX-License-Identifier: Apache-2.0
// The gate's way to OpenBao: mints wrapped tokens with the gate's own credential, and keeps that credential alive. The
// credential and every token stay in the secret arena; what leaves is sealed to the node's key.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/secret_arena.h"
#include "daemons/gate/ports.h"
#include "daemons/gate/settings.h"
#include "http/client.h"
#include "loop/connect.h"
#include "loop/event.h"
#include "openbao/client.h"

namespace ct::gate {

// Why OpenBao would not mint now; "" when all is well.
using VaultState = std::function<void(const std::string& trouble)>;

class VaultMinter final : public Minter, public Revoker, public std::enable_shared_from_this<VaultMinter> {
public:
    // Reads the credential; says nothing to OpenBao before start().
    static Result<std::shared_ptr<VaultMinter>> create(EventLoop& loop, const VaultSettings& settings,
                                                       VaultState state);

    // Looks the credential up and renews it from now on.
    void start();
    void mint(const action::Mint& order, std::function<void(Event)> answer) override;
    void revoke(const std::string& accessor, std::function<void(Status)> answer) override;

private:
    VaultMinter(EventLoop& loop, const VaultSettings& settings, VaultState state);
    void dial(std::function<void(Result<Fd>)> answer);
    void look_up();
    void renew();
    void renewed(const Result<openbao::Token>& token);
    void lost(const Error& error);
    void again_after(Millis delay, void (VaultMinter::*what)());
    Status read_credential();

    EventLoop& loop_;
    VaultSettings settings_;
    VaultState state_;
    SecretString token_;
    http::Client http_;
    openbao::Client client_;
    Source timer_;
    unsigned failures_ = 0;
    std::uint64_t next_dial_ = 0;
    std::map<std::uint64_t, Connecting> dialling_;
};

// What the node is told: OpenBao's word about its own state as it is, a refusal of the gate's credential as mint_denied.
Reason mint_reason(Reason reason);

}  // namespace ct::gate
