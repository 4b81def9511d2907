// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>

#include "base/fd.h"
#include "bus/connection.h"
#include "codec/hex.h"

namespace ct::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kHost = "10.0.2.2";  // as qemu's user network names this host
// Firmware, boot path, Secure Boot state; then what the kernel and systemd's stub measure: command line and initrd.
constexpr unsigned kMeasured[] = {0, 4, 7, 9, 12};

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

// A script that writes a file.
std::string file(const std::string& path, const std::string& content) {
    return "cat >" + path + " <<'END-OF-FILE'\n" + content + "\nEND-OF-FILE\n";
}

Status must(const VirtualMachine::Outcome& outcome) {
    if (outcome.code != 0) return fail(Reason::io_failed, std::to_string(outcome.code) + ": " + outcome.all());
    return {};
}

std::string first_word(const std::string& text) {
    std::string word;
    std::istringstream(text) >> word;
    return word;
}

}  // namespace

std::optional<std::string> Rig::missing() {
    if (auto why = Bao::missing()) return why;
    return VirtualMachine::missing();
}

Result<std::unique_ptr<Rig>> Rig::start() {
    std::unique_ptr<Rig> rig(new Rig);
    // Its raw audit log tells the test which tokens there were.
    Bao::Options options;
    options.replace = {{"options { file_path", "options {\n log_raw = \"true\"\n file_path"}};
    CT_TRY(rig->bao_, Bao::start(options));
    CT_TRY(rig->machine_, VirtualMachine::make());
    CT_CHECK(rig->machine_->boot());
    CT_CHECK(rig->start_gate());
    CT_CHECK(rig->configure_node());
    return rig;
}

Status Rig::start_gate() {
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    CT_TRY(gate_, crypto::make_identity("gate.test", now - 1h, now + 24h));
    for (const char* name : {"policy.d", "nodes.d"})
        std::filesystem::create_directory(folder_.file(name));
    gate_port_ = free_port();
    const auto path = [&](const std::string& name) { return in_quotes(folder_.file(name)); };
    folder_.write("gate.crt", gate_.certificate_pem);
    folder_.write("gate.key", gate_.key_pem.text());
    folder_.write("token", bao_->gate_token());
    folder_.write("gate.toml",
                  "listen = [\"127.0.0.1:" + std::to_string(gate_port_) + "\"]\ncertificate = " + path("gate.crt") +
                      "\nkey = " + path("gate.key") + "\npolicy = " + path("policy.d") +
                      "\nnodes = " + path("nodes.d") + "\n[openbao]\naddress = " + in_quotes(bao_->host_port()) +
                      "\nca = " + in_quotes(bao_->ca_file()) + "\ntoken = " + path("token") +
                      "\n[records]\nfolder = " + path("records") + "\n[audit]\nfile = " + path("audit") + "\n");
    CT_CHECK(allow({{{0, std::string(64, '0')}}, "sha256:" + std::string(64, '0')}));
    CT_TRY(auto bus, PrivateBus::start({.services = {{"io.cloudtaser.Gate1",
                                                      {built("cloudtaser-gate"), "--config", folder_.file("gate.toml")},
                                                      {}}}}));
    bus_.emplace(std::move(bus));
    bus_->adopt();
    return reload_gate();
}

Status Rig::reload_gate() const {
    CT_TRY(auto connection, bus::Connection::open_system("rig"));
    CT_TRY(auto call,
           connection.new_call({"io.cloudtaser.Gate1", "/io/cloudtaser/Gate1", "io.cloudtaser.Daemon1"}, "Reload"));
    CT_TRY(const auto reply, connection.call(call));
    return {};
}

// As an admin would do it by docs/man: the node makes its own key, which never leaves it.
Status Rig::configure_node() {
    CT_CHECK(must(machine_->run("cloudtaserctl keygen node --name vm")));
    const auto pin =
        machine_->run("cloudtaserctl --json pin /etc/cloudtaser/node.crt | sed 's/.*\"pin\":\"//; s/\".*//'");
    CT_CHECK(must(pin));
    folder_.write("nodes.d/vm.toml", "[[node]]\nname = \"vm\"\nspki = [" + in_quotes(first_word(pin.out)) + "]\n");
    CT_CHECK(reload_gate());
    CT_TRY(const auto authority, read_file(bao_->ca_file(), 1 << 16));
    const auto port = std::to_string(bao_->port());
    return must(machine_->run(
        "set -e; cd /etc/cloudtaser\n" + file("openbao-ca.pem", authority) +
        file("secretd.toml",
             "[gate]\npins = [" + in_quotes(hex_encode(gate_.spki)) +
                 "]\ncertificate = \"/etc/cloudtaser/node.crt\"\nkey = \"/etc/cloudtaser/node.key\"\n[openbao]\n"
                 "host = \"127.0.0.1\"\nport = " +
                 port + "\nca = \"/etc/cloudtaser/openbao-ca.pem\"") +
        file("bridge.toml", "[upstream.gate]\naddress = \"" + std::string(kHost) + ":" + std::to_string(gate_port_) +
                                "\"\n[upstream.openbao]\naddress = \"" + kHost + ":" + port + "\"") +
        file("workloads.d/payments.toml",
             "[workload.payments]\nusers = [\"payments\"]\n[workload.payments.env]\nFIRST = \"kv/payments#first\"\n"
             "SECOND = \"kv/payments#second\"\nTHIRD = \"kv/payments#third\"") +
        "systemctl restart cloudtaser-secretd cloudtaser-bridge || { journalctl -n 30 -u cloudtaser-secretd; exit 1; }"));
}

Result<Rig::Posture> Rig::posture() {
    std::string script = "set -e\n";
    for (const unsigned pcr : kMeasured)
        script += "cat /sys/class/tpm/tpm0/pcr-sha256/" + std::to_string(pcr) + "\n";
    const auto values = machine_->run(script);
    CT_CHECK(must(values));
    Posture posture;
    std::istringstream lines(values.out);
    for (const unsigned pcr : kMeasured) {
        lines >> posture.pcrs[pcr];
        std::ranges::transform(posture.pcrs[pcr], posture.pcrs[pcr].begin(),
                               [](unsigned char c) { return std::tolower(c); });
    }
    // The first call starts attestd, which looks for its TPM behind the answer: the enrolment waits for that.
    const auto keys = machine_->run("cloudtaserctl enrolment");
    CT_CHECK(must(keys));
    constexpr std::string_view kKey = "ak:sha256:";
    const auto at = keys.out.find(kKey);
    if (at == std::string::npos) return fail(Reason::malformed, keys.out);
    posture.ak = keys.out.substr(at + 3, kKey.size() - 3 + 64);
    return posture;
}

Status Rig::allow(const Posture& posture) {
    std::string pcrs;
    for (const auto& [pcr, value] : posture.pcrs)
        pcrs += (pcrs.empty() ? "" : ", ") + in_quotes(std::to_string(pcr)) + " = " + in_quotes(value);
    folder_.write("policy.d/payments.toml",
                  "epoch = " + std::to_string(++epoch_) +
                      "\n[workload.payments]\nevidence = [\"tpm2\"]\ntoken_role = \"wl-payments\"\n"
                      "[workload.payments.tpm2]\npcrs = { " +
                      pcrs + " }\nak = [" + in_quotes(posture.ak) + "]\nrequire_event_log = true\n");
    return bus_ ? reload_gate() : Status{};
}

VirtualMachine::Outcome Rig::launch() {
    return machine_->run(
        "cloudtaserctl revoke payments >/dev/null 2>&1\n"
        "exec runuser -u payments -- cloudtaser-run --workload payments -- /bin/true");
}

std::string Rig::gate_audit() const { return read_file(folder_.file("audit"), 64 << 20).value_or(""); }

std::string Rig::node_journal() {
    return machine_->run("journalctl --sync; journalctl -o json -u cloudtaser-secretd.service").out;
}

}  // namespace ct::test
