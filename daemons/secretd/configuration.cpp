// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/configuration.h"

#include <pwd.h>

#include "codec/hex.h"
#include "config/credential.h"

namespace ct::secretd {
namespace {

Result<config::Node> required(const config::Node& table, std::string_view key) {
    if (auto node = table.get(key)) return *node;
    return table.error("'" + std::string(key) + "' is missing");
}

Result<std::string> text(const config::Node& table, std::string_view key) {
    CT_TRY(const auto node, required(table, key));
    return node.as_string();
}

Status parse_gate(const config::Node& gate, Configuration& into) {
    CT_CHECK(gate.only({"pins", "certificate", "key"}));
    CT_TRY(const auto pins_node, required(gate, "pins"));
    CT_TRY(const auto pins, pins_node.as_strings());
    if (pins.empty() || pins.size() > 2) return pins_node.error("pins: one, or two while the gate changes its key");
    for (const auto& pin : pins) {
        auto bytes = hex_decode_array<32>(pin);
        if (!bytes)
            return pins_node.error(
                "pins: expected the SHA-256 of the gate's public key in hex, as 'cloudtaserctl keygen' prints it");
        into.gate_pins.push_back(*bytes);
    }
    if (const auto file = gate.get("certificate")) {
        CT_TRY(into.node_certificate, file->as_string());
    }
    if (const auto file = gate.get("key")) {
        CT_TRY(into.node_key, file->as_string());
    }
    into.node_certificate = config::credential_or("node.crt", into.node_certificate);
    into.node_key = config::credential_or("node.key", into.node_key);
    return {};
}

Status parse_vault(const config::Node& vault, Configuration& into) {
    CT_CHECK(vault.only({"host", "port", "ca", "namespace", "mounts"}));
    CT_TRY(into.vault_host, text(vault, "host"));
    CT_TRY(into.vault_ca, text(vault, "ca"));
    if (const auto port = vault.get("port")) {
        CT_TRY(const auto number, port->as_integer(1, 65535));
        into.vault_port = static_cast<std::uint16_t>(number);
    }
    if (const auto space = vault.get("namespace")) {
        CT_TRY(into.vault_namespace, space->as_string());
    }
    if (const auto mounts = vault.get("mounts")) {
        CT_TRY(const auto versions, mounts->as_table());
        for (const auto& [mount, version] : versions) {
            CT_TRY(const auto number, version.as_integer(1, 2));
            into.mounts[mount] = static_cast<int>(number);
        }
    }
    return {};
}

std::optional<std::uint64_t> uid_of(const std::string& name) {
    const passwd* entry = ::getpwnam(name.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
    if (entry == nullptr) return std::nullopt;
    return entry->pw_uid;
}

}  // namespace

Result<Configuration> parse_configuration(const config::Node& root) {
    CT_CHECK(root.only({"gate", "openbao", "workloads", "release_timeout", "step_timeout", "audit", "log"}));
    Configuration configuration;
    CT_TRY(const auto gate, required(root, "gate"));
    CT_CHECK(parse_gate(gate, configuration));
    CT_TRY(const auto vault, required(root, "openbao"));
    CT_CHECK(parse_vault(vault, configuration));
    if (const auto folder = root.get("workloads")) {
        CT_TRY(configuration.workloads_folder, folder->as_string());
    }
    if (const auto time = root.get("release_timeout")) {
        CT_TRY(const auto seconds, time->as_duration());
        // Above 24 s the bus client gives up first and the launcher would not hear the reason.
        if (seconds < Seconds{1} || seconds > limits::kReleaseTime) return time->error("release_timeout: 1s to 24s");
        configuration.release_time = seconds;
    }
    if (const auto time = root.get("step_timeout")) {
        CT_TRY(const auto seconds, time->as_duration());
        if (seconds < Seconds{1} || seconds > limits::kReleaseTime) return time->error("step_timeout: 1s to 24s");
        configuration.step_time = seconds;
    }
    return configuration;
}

Result<std::shared_ptr<const Workloads>> load_workloads(const Configuration& configuration) {
    CT_TRY(const auto document, config::Document::load_folder(configuration.workloads_folder));
    CT_TRY(auto workloads, parse_workloads(document.root(), uid_of, configuration.mounts));
    return std::make_shared<const Workloads>(std::move(workloads));
}

}  // namespace ct::secretd
