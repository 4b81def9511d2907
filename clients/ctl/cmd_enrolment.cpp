// SPDX-License-Identifier: Apache-2.0
// What this node would have a gate know of it: the other half is cmd_gate_node.cpp.
#include <cerrno>

#include "clients/ctl/commands.h"
#include "clients/ctl/identity.h"
#include "clients/ctl/node_bus.h"
#include "clients/ctl/node_entry.h"

namespace ct::ctl {
namespace {

Result<Sha256> own_pin(const std::string& path) {
    const auto certificate = read_certificate(path);
    if (!certificate && certificate.error().sys_errno == ENOENT)
        return fail(Reason::config_missing,
                    path + ": no identity of this node yet; make one: cloudtaserctl keygen node");
    if (!certificate) return std::unexpected(certificate.error());
    return certificate->spki_sha256();
}

// attestd's "tpm2.ak" = "sha256:..." as the word "ak:sha256:..." of kind tpm2. Fingerprints of another form are measurements, which are
// a policy's to name; a machine whose processor signs for it has no key of its own.
Result<std::map<std::string, std::vector<std::string>, std::less<>>> evidence_keys() {
    CT_TRY(NodeBus bus, NodeBus::open(true, false));
    CT_CHECK(bus.look_around());
    constexpr const char* kManager = "io.cloudtaser.Attest1.Manager";
    CT_TRY(auto found, bus.properties(kAttestd, kManager));
    std::size_t devices = 0;
    if (const auto at = found.find("Kinds"); at != found.end())
        if (const auto* kinds = std::get_if<std::vector<std::string>>(&at->second))
            for (const auto& kind : *kinds) {
                CT_CHECK(bus.introduce(kind));
                ++devices;
            }
    if (devices == 0)
        return fail(Reason::attester_unavailable,
                    "this machine has no device to attest with: journalctl -u cloudtaser-attestd says why");
    CT_TRY(found, bus.properties(kAttestd, kManager));
    std::map<std::string, std::vector<std::string>, std::less<>> keys;
    const auto at = found.find("Fingerprints");
    const auto* fingerprints = at == found.end() ? nullptr : std::get_if<bus::StringMap>(&at->second);
    if (fingerprints == nullptr) return keys;
    for (const auto& [key, fingerprint] : *fingerprints) {
        const auto dot = key.find('.');
        if (dot != std::string::npos && fingerprint.starts_with("sha256:"))
            keys[key.substr(0, dot)].push_back(key.substr(dot + 1) + ":" + fingerprint);
    }
    return keys;
}

}  // namespace

Result<int> enrolment(const EnrolmentOptions& options, Output& out) {
    NodeEntry entry;
    CT_TRY(const Sha256 pin, own_pin(options.certificate));
    entry.spki.push_back(pin);
    entry.name = options.name.empty() ? host_name() : options.name;
    CT_TRY(entry.keys, evidence_keys());
    const std::string text = to_toml(entry);
    CT_TRY(entry, read_entry(text, "enrolment"));  // what the gate would not take is not handed out
    const std::string fingerprint = short_fingerprint(entry);
    out.line(
        "# Enrolment of a node. On the gate: cloudtaserctl gate node add FILE, which shows this fingerprint, too.");
    out.line("# Fingerprint: " + fingerprint);
    out.line(text.substr(0, text.size() - 1));
    json::Writer& json = out.json();
    json.begin_object().key("name").string(entry.name).key("fingerprint").string(fingerprint);
    json.key("enrolment").string(text).end_object();
    return 0;
}

}  // namespace ct::ctl
