// SPDX-License-Identifier: Apache-2.0
// What this node would have a gate know of it: the other half is cmd_gate_node.cpp.
#include <unistd.h>

#include <array>

#include "base/fd.h"
#include "base/limits.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/node_bus.h"
#include "clients/ctl/node_entry.h"
#include "codec/hex.h"
#include "crypto/x509.h"

namespace ct::ctl {
namespace {

constexpr std::size_t kPem = 65536;

Result<std::string> host_name() {
    std::array<char, 65> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return fail_errno(Reason::io_failed, "gethostname");
    return std::string(name.data());
}

Result<Sha256> own_pin(const std::string& path) {
    const auto pem = read_file(path, kPem);
    if (!pem)
        return fail(Reason::config_missing,
                    path + ": no identity of this node yet; make one: cloudtaserctl keygen node");
    auto chain = crypto::Certificate::chain_from_pem(*pem, limits::kCertificateChain);
    if (!chain) return fail(chain.error().reason, path + ": " + chain.error().context);
    return chain->front().spki_sha256();
}

// attestd's "tpm2.ak" = "sha256:..." as the word "ak:sha256:..." of kind tpm2.
Result<std::map<std::string, std::vector<std::string>, std::less<>>> evidence_keys() {
    CT_TRY(NodeBus bus, NodeBus::open(true, false));
    CT_CHECK(bus.look_around());
    constexpr const char* kManager = "io.cloudtaser.Attest1.Manager";
    CT_TRY(auto found, bus.properties(kAttestd, kManager));
    if (const auto at = found.find("Kinds"); at != found.end())
        if (const auto* kinds = std::get_if<std::vector<std::string>>(&at->second))
            for (const auto& kind : *kinds)
                CT_CHECK(bus.introduce(kind));
    CT_TRY(found, bus.properties(kAttestd, kManager));
    std::map<std::string, std::vector<std::string>, std::less<>> keys;
    const auto at = found.find("Fingerprints");
    const auto* fingerprints = at == found.end() ? nullptr : std::get_if<bus::StringMap>(&at->second);
    if (fingerprints == nullptr) return keys;
    for (const auto& [key, fingerprint] : *fingerprints) {
        const auto dot = key.find('.');
        if (dot != std::string::npos) keys[key.substr(0, dot)].push_back(key.substr(dot + 1) + ":" + fingerprint);
    }
    return keys;
}

}  // namespace

Result<int> enrolment(const EnrolmentOptions& options, Output& out) {
    NodeEntry entry;
    CT_TRY(const Sha256 pin, own_pin(options.certificate));
    entry.spki.push_back(pin);
    entry.name = options.name;
    if (entry.name.empty()) {
        CT_TRY(entry.name, host_name());
    }
    CT_TRY(entry.keys, evidence_keys());
    if (entry.keys.empty())
        return fail(Reason::attester_unavailable,
                    "this machine has no key to attest with: journalctl -u cloudtaser-attestd says why");
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
