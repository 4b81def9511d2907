// SPDX-License-Identifier: Apache-2.0
#include "base/secret_memory.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/identity.h"
#include "clients/ctl/node_bus.h"
#include "clients/ctl/posture.h"
#include "codec/hex.h"

namespace ct::ctl {
namespace {

constexpr const DaemonName* kDaemons[] = {&kSecretd, &kAttestd, &kBridge, &kIdentd, &kEnforced, &kGate};

void ask_secretd(NodeBus& bus, Posture& posture) {
    if (!bus.answers(kSecretd)) return;
    if (const auto found = bus.properties(kSecretd, "io.cloudtaser.Secret1.Manager")) {
        const auto at = found->find("Protection");
        if (at != found->end())
            if (const auto* text = std::get_if<std::string>(&at->second)) posture.secretd_memory = *text;
    }
    if (auto sessions = bus.sessions())
        posture.sessions = std::move(*sessions);
    else
        posture.sessions_refused = std::move(sessions).error();
}

void ask_attestd(NodeBus& bus, Posture& posture) {
    if (!bus.answers(kAttestd)) return;
    const auto found = bus.properties(kAttestd, "io.cloudtaser.Attest1.Manager");
    if (!found) return;
    if (const auto at = found->find("Kinds"); at != found->end())
        if (const auto* kinds = std::get_if<std::vector<std::string>>(&at->second)) posture.kinds = *kinds;
    if (const auto at = found->find("Primary"); at != found->end())
        if (const auto* primary = std::get_if<std::string>(&at->second)) posture.primary = *primary;
    if (const auto at = found->find("Fingerprints"); at != found->end())
        if (const auto* keys = std::get_if<bus::StringMap>(&at->second)) posture.keys = *keys;
}

std::optional<NodeIdentity> read_identity(const std::string& path) {
    const auto certificate = read_certificate(path);
    if (!certificate) return std::nullopt;
    const auto pin = certificate->spki_sha256();
    if (!pin) return std::nullopt;
    return NodeIdentity{certificate->subject(), hex_encode(*pin), certificate->not_after()};
}

}  // namespace

Result<int> status(const StatusOptions& options, WallTime now, Output& out) {
    CT_TRY(NodeBus bus, NodeBus::open(options.start, options.ask_person));
    CT_CHECK(bus.look_around());
    Posture posture{.version = CT_VERSION, .kernel_memory = std::string(to_string(best_protection()))};
    for (const DaemonName* daemon : kDaemons) {
        posture.daemons.push_back(bus.describe(*daemon));
        if (daemon == &kEnforced) posture.enforcement = posture.daemons.back().state;
    }
    posture.identity = read_identity(options.certificate);
    ask_secretd(bus, posture);
    ask_attestd(bus, posture);
    tell(posture, now, options.all, out);
    return 0;
}

}  // namespace ct::ctl
