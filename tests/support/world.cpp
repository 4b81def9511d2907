// SPDX-License-Identifier: Apache-2.0
#include "support/world.h"

#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include <chrono>
#include <filesystem>

#include "attest/collateral/bundle.h"
#include "attest/collect/tpm2/settings.h"
#include "attest/signed/envelope.h"
#include "base/fd.h"
#include "bus/connection.h"
#include "codec/hex.h"
#include "crypto/ed25519.h"

namespace ct::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kKeeper = CT_BINARY_DIR "/tests/support/keeper";
constexpr unsigned kMeasured[] = {0, 4, 7};

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

std::string list(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words)
        out += (out.empty() ? "" : ", ") + in_quotes(word);
    return "[" + out + "]";
}

WallTime now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

}  // namespace

std::optional<std::string> World::missing() {
    if (::geteuid() != 0) return "root (the world starts daemons for several users)";
    if (auto why = Bao::missing()) return why;
    for (const char* program : {"/usr/bin/swtpm", "/usr/bin/dbus-daemon"})
        if (::access(program, X_OK) != 0) return std::string(program);
    if (best_protection() != Protection::memfd_secret) return "memfd_secret (boot with secretmem.enable=1)";
    return std::nullopt;
}

Result<std::unique_ptr<World>> World::start(const Options& options) {
    ::setenv("TSS2_LOG", "all+none", 0);  // tpm2-tss prints what it tries; the errors that count come as values
    std::unique_ptr<World> world(new World());
    CT_TRY(world->bao_, Bao::start(options.bao));
    if (options.tpm) CT_CHECK(world->prepare_tpm());
    CT_CHECK(world->make_identities(options));
    CT_CHECK(world->write_configuration(options));
    world->write_policy(options);
    CT_CHECK(world->start_bus(options.restarts));
    return world;
}

World::~World() = default;

// Measures three PCRs as firmware would, and learns what an administrator would enrol: the key and the values.
Status World::prepare_tpm() {
    CT_TRY(tpm_, Swtpm::start());
    for (const unsigned pcr : kMeasured)
        CT_CHECK(tpm_->measure(pcr, "boot component of pcr " + std::to_string(pcr)));
    for (const unsigned pcr : kMeasured) {
        CT_TRY(const auto value, tpm_->pcr_value(pcr));
        measured_[pcr] = hex_encode(value);
    }
    attest::Tpm2Settings settings;
    settings.tcti = tpm_->tcti();
    const auto collector = attest::make_tpm2_collector(settings);
    CT_TRY(const auto keys, collector->fingerprints());
    ak_ = keys.at("ak");
    return {};
}

Status World::make_identities(const Options& options) {
    const auto usual = std::pair{now() - 1h, now() + 24h * 30};
    const auto [gate_from, gate_to] = options.gate_validity.value_or(usual);
    const auto [node_from, node_to] = options.node_validity.value_or(usual);
    CT_TRY(const auto gate, crypto::make_identity("gate.test", gate_from, gate_to));
    CT_TRY(const auto node, crypto::make_identity("node.test", node_from, node_to));
    folder_.write("gate.crt", gate.certificate_pem);
    folder_.write("gate.key", gate.key_pem.text());
    folder_.write("node.crt", node.certificate_pem);
    folder_.write("node.key", node.key_pem.text());
    gate_pin_ = hex_encode(gate.spki);
    node_pin_ = hex_encode(node.spki);
    gate_port_ = free_port();
    return {};
}

// The makers' word on all machines, signed as a company would; TOML for the gate's file.
Result<std::string> World::write_collateral(const Options& options) const {
    attest::CollateralBundle bundle{.serial = 1,
                                    .made = std::chrono::floor<Seconds>(now()),
                                    .until = std::chrono::floor<Seconds>(now()) + 24h,
                                    .items = {}};
    for (const auto& machine : options.machines)
        bundle.items.insert(machine.collateral.begin(), machine.collateral.end());
    if (bundle.items.empty()) return std::string();
    CT_TRY(const auto key, crypto::Ed25519Key::generate());
    CT_TRY(const auto public_key, key.public_key());
    CT_TRY(const Bytes spki, public_key.spki_der());
    attest::Envelope envelope{attest::encode(bundle), {}};
    CT_CHECK(attest::add_signature(envelope, attest::kCollateralPurpose, key));
    const Bytes file = attest::encode(envelope);
    return "[collateral]\nfile = " + in_quotes(folder_.write("collateral.signed", as_text(file))) + "\nsigners = [" +
           in_quotes("ed25519:" + hex_encode(ByteView(spki).last(32))) + "]\nneeded = 1\n";
}

Status World::write_configuration(const Options& options) {
    users_ = options.users;
    workload_extra_ = options.workload_extra;
    for (const char* name : {"policy.d", "workloads.d", "nodes.d", "records", "state"})
        std::filesystem::create_directory(folder_.file(name));
    const auto audit = [&](const std::string& daemon) {
        return "\n[audit]\nfile = " + in_quotes(folder_.file(daemon + ".audit")) + "\n";
    };

    folder_.write("gate-token", bao_->gate_token());
    CT_TRY(const std::string collateral, write_collateral(options));
    folder_.write(
        "gate.toml",
        "listen = [" + in_quotes(gate_address()) + "]\ncertificate = " + in_quotes(folder_.file("gate.crt")) +
            "\nkey = " + in_quotes(folder_.file("gate.key")) + "\npolicy = " + in_quotes(folder_.file("policy.d")) +
            "\nnodes = " + in_quotes(folder_.file("nodes.d")) + "\nstate = " + in_quotes(folder_.file("state")) +
            "\n[openbao]\naddress = " + in_quotes(bao_->host_port()) + "\nca = " + in_quotes(bao_->ca_file()) +
            "\ntoken = " + in_quotes(folder_.file("gate-token")) + "\n[records]\nfolder = " +
            in_quotes(record_folder()) + "\n" + collateral + options.gate_extra + audit("gate"));
    folder_.write("nodes.d/node.toml", "[[node]]\nname = \"node.test\"\nspki = [" + in_quotes(node_pin_) + "]\n");

    const std::string pin = options.gate_pin.empty() ? gate_pin_ : options.gate_pin;
    const std::string ca = options.vault_ca.empty() ? bao_->ca_file() : options.vault_ca;
    folder_.write("secretd.toml", "workloads = " + in_quotes(folder_.file("workloads.d")) + "\nrelease_timeout = " +
                                      in_quotes(options.release_timeout) + "\n[gate]\npins = [" + in_quotes(pin) +
                                      "]\ncertificate = " + in_quotes(folder_.file("node.crt")) +
                                      "\nkey = " + in_quotes(folder_.file("node.key")) +
                                      "\n[openbao]\nhost = \"127.0.0.1\"\nport = " + std::to_string(bao_->port()) +
                                      "\nca = " + in_quotes(ca) + "\n[openbao.mounts]\nkv1 = 1\n" + audit("secretd"));
    folder_.write(
        "bridge.toml",
        "[upstream.gate]\naddress = " + in_quotes(options.bridge_gate.empty() ? gate_address() : options.bridge_gate) +
            "\n[upstream.openbao]\naddress = " +
            in_quotes(options.bridge_openbao.empty() ? bao_->host_port() : options.bridge_openbao) + "\n" +
            audit("bridge"));
    std::string devices;
    if (tpm_)
        devices =
            "[tpm2]\ntcti = " + in_quotes(tpm_->tcti()) + "\nevent_log = " + in_quotes(tpm_->write_event_log()) + "\n";
    for (const auto& machine : options.machines)
        devices += machine.attestd;
    folder_.write("attestd.toml", devices + audit("attestd"));
    folder_.write("identd.toml", audit("identd"));
    write_workloads();
    return {};
}

void World::write_workloads() const {
    std::string text = "[workload.payments]\nusers = " + list(users_) + "\n" + workload_extra_ + "\n";
    for (const auto& [table, names] : mappings_) {
        text += "[workload.payments." + table + "]\n";
        for (const auto& [name, source] : names)
            text += name + " = " + source + "\n";
    }
    folder_.write("workloads.d/payments.toml", text);
}

void World::map(const std::string& name, const std::string& source, const std::string& table) {
    mappings_[table][name] = source.front() == '{' ? source : in_quotes(source);
    write_workloads();
}

void World::write_policy(const Options& options) {
    std::vector<std::string> kinds;
    std::string tables;
    if (tpm_) {
        std::string pcrs;
        for (const auto& [pcr, value] : measured_) {
            const auto other = options.pcrs.find(pcr);
            pcrs += (pcrs.empty() ? "" : ", ") + in_quotes(std::to_string(pcr)) + " = " +
                    in_quotes(other == options.pcrs.end() ? value : other->second);
        }
        kinds.emplace_back("tpm2");
        tables = "[workload.payments.tpm2]\npcrs = { " + pcrs + " }\n" +
                 (options.enrolled_keys ? "enrolled = true" : "ak = [" + in_quotes(ak_) + "]") +
                 "\nrequire_event_log = true\n";
    }
    for (const auto& machine : options.machines) {
        kinds.push_back(machine.kind);
        tables += "[workload.payments." + machine.kind + "]\n" + machine.policy;
        for (const auto& [name, content] : machine.files)
            folder_.write("policy.d/" + name, content);
    }
    folder_.write("policy.d/payments.toml", "epoch = 1\n[workload.payments]\nevidence = " + list(kinds) +
                                                "\ntoken_role = \"wl-payments\"\ntoken_ttl = \"15m\"\n"
                                                "wrap_ttl = \"30s\"\nlifetime = " +
                                                in_quotes(options.lifetime) + "\n" + options.policy_extra + "\n" +
                                                tables);
}

Status World::start_bus(bool restarts) {
    BusSettings settings;
    std::vector<std::string> kept;
    const std::pair<const char*, const char*> daemons[] = {{"Gate1", "gate"},
                                                           {"Secret1", "secretd"},
                                                           {"Bridge1", "bridge"},
                                                           {"Attest1", "attestd"},
                                                           {"Identity1", "identd"}};
    for (const auto& [area, daemon] : daemons) {
        std::vector<std::string> argv{built(std::string("cloudtaser-") + daemon), "--config",
                                      folder_.file(std::string(daemon) + ".toml")};
        if (restarts && std::string_view(daemon) == "secretd") {
            argv.insert(argv.begin(), kKeeper);
            kept = std::move(argv);
        } else {
            settings.services.push_back({std::string("io.cloudtaser.") + area, std::move(argv), {}});
        }
    }
    CT_TRY(auto bus, PrivateBus::start(settings));
    bus_.emplace(std::move(bus));
    bus_->adopt();
    // The gate is nobody's to activate from the node: it must listen before the first release.
    CT_TRY(auto connection, bus::Connection::open_system("world"));
    CT_TRY(auto call,
           connection.new_call({"io.cloudtaser.Gate1", "/io/cloudtaser/Gate1", "org.freedesktop.DBus.Peer"}, "Ping"));
    CT_TRY(const auto reply, connection.call(call));
    if (kept.empty()) return {};
    Launch launch{.argv = std::move(kept), .environment = bus_->environment(), .output = bus_->log_file()};
    CT_TRY(keeper_, Child::start(launch));
    return bus_->wait_for("io.cloudtaser.Secret1");
}

Status World::call_reload(const std::string& area) const {
    CT_TRY(auto connection, bus::Connection::open_system("world"));
    CT_TRY(auto call,
           connection.new_call({"io.cloudtaser." + area, "/io/cloudtaser/" + area, "io.cloudtaser.Daemon1"}, "Reload"));
    CT_TRY(const auto reply, connection.call(call));
    return {};
}

Status World::copy_workload(const std::vector<std::string>& names) const {
    for (const std::string folder : {"workloads.d", "policy.d"}) {
        CT_TRY(std::string rules, read_file(folder_.file(folder + "/payments.toml"), 1 << 20));
        rules.erase(0, rules.find('['));  // the epoch is set once
        for (const auto& name : names) {
            std::string text = rules;
            const std::string from = "[workload.payments", to = "[workload." + name;
            for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
                text.replace(at, from.size(), to);
            folder_.write(folder + "/" + name + ".toml", text);
        }
    }
    CT_CHECK(reload_gate());
    return reload_node();
}

Status World::reload_gate() const { return call_reload("Gate1"); }
Status World::reload_node() const { return call_reload("Secret1"); }

Status World::drop_grants() const {
    CT_TRY(auto connection, bus::Connection::open_system("world"));
    CT_TRY(auto call,
           connection.new_call({"io.cloudtaser.Secret1", "/io/cloudtaser/Secret1", "io.cloudtaser.Secret1.Manager"},
                               "RevokeWorkload"));
    CT_CHECK(call.append(std::string("payments")));
    CT_TRY(const auto reply, connection.call(call));
    return {};
}

std::vector<std::string> World::session_states() const {
    std::vector<std::string> states;
    const auto read = [&]() -> Status {
        CT_TRY(auto connection, bus::Connection::open_system("world"));
        CT_TRY(const auto call,
               connection.new_call({"io.cloudtaser.Secret1", "/io/cloudtaser/Secret1", "io.cloudtaser.Secret1.Manager"},
                                   "ListSessions"));
        CT_TRY(auto reply, connection.call(call));
        CT_TRY(const bool list, reply.enter('a', "(ossutss)"));
        while (list) {
            CT_TRY(const bool entry, reply.enter('r', "ossutss"));
            if (!entry) break;
            CT_CHECK(reply.skip("os"));
            CT_TRY(auto state, reply.read<std::string>());
            states.push_back(std::move(state));
            CT_CHECK(reply.skip("utss"));
            CT_CHECK(reply.exit());
        }
        return {};
    };
    static_cast<void>(read());
    return states;
}

void World::stop_gate() { static_cast<void>(bus_->kill("io.cloudtaser.Gate1", SIGTERM)); }

Launch World::run(const std::vector<std::string>& program, const std::vector<std::string>& arguments) const {
    Launch launch;
    launch.argv = {built("cloudtaser-run"), "--workload", "payments"};
    launch.argv.insert(launch.argv.end(), arguments.begin(), arguments.end());
    launch.argv.emplace_back("--");
    launch.argv.insert(launch.argv.end(), program.begin(), program.end());
    launch.environment = bus_->environment();
    launch.environment["HOME"] = folder_.path();
    return launch;
}

std::string World::node_audit() const { return read_file(folder_.file("secretd.audit"), 64 << 20).value_or(""); }
std::string World::gate_audit() const { return read_file(folder_.file("gate.audit"), 64 << 20).value_or(""); }

std::uint64_t World::counter(const std::string& area, const std::string& name) const {
    const auto read = [&]() -> Result<std::uint64_t> {
        CT_TRY(auto connection, bus::Connection::open_system("world"));
        CT_TRY(auto call,
               connection.new_call(
                   {"io.cloudtaser." + area, "/io/cloudtaser/" + area, "org.freedesktop.DBus.Properties"}, "Get"));
        CT_CHECK(call.append_all(std::string("io.cloudtaser.Daemon1"), std::string("Counters")));
        CT_TRY(auto reply, connection.call(call));
        CT_TRY(const bool variant, reply.enter('v', "a{st}"));
        if (!variant) return fail(Reason::malformed);
        CT_TRY(const bool array, reply.enter('a', "{st}"));
        if (!array) return std::uint64_t{0};
        for (;;) {
            CT_TRY(const bool entry, reply.enter('e', "st"));
            if (!entry) return std::uint64_t{0};
            CT_TRY(const auto key, reply.read<std::string>());
            CT_TRY(const auto value, reply.read<std::uint64_t>());
            CT_CHECK(reply.exit());
            if (key == name) return value;
        }
    };
    return read().value_or(0);
}

}  // namespace ct::test
