// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/settings.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "attest/collateral/bundle.h"
#include "attest/judge/enrolment_files.h"
#include "attest/judge/policy_bundle.h"
#include "attest/judge/policy_files.h"
#include "attest/signed/envelope.h"
#include "config/credential.h"

namespace ct::gate {
namespace {

using config::Node;

constexpr std::size_t kListeners = 8;

Status read_path(const Node& table, std::string_view key, std::string& into) {
    const auto node = table.get(key);
    if (!node) return {};
    CT_TRY(into, node->as_string());
    if (!into.starts_with('/')) return node->error("write an absolute path");
    return {};
}

Result<Endpoint> read_endpoint(const Node& node) {
    CT_TRY(auto text, node.as_string());
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return node.error(endpoint.error().context);
    return endpoint;
}

bool is_address(const std::string& host) {
    in6_addr parsed{};
    return ::inet_pton(AF_INET, host.c_str(), &parsed) == 1 || ::inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

Result<std::vector<Endpoint>> read_listen(const Node& root) {
    const auto node = root.get("listen");
    const auto elements = node ? node->elements() : std::vector<Node>{};
    if (elements.empty()) return (node ? *node : root).error("listen is required: write listen = [\"0.0.0.0:8443\"]");
    if (elements.size() > kListeners) return node->error("at most " + std::to_string(kListeners) + " listeners");
    std::vector<Endpoint> out;
    for (const auto& element : elements) {
        CT_TRY(auto endpoint, read_endpoint(element));
        if (!is_address(endpoint.host)) return element.error("write an IP address of this machine, not a name");
        if (std::ranges::find(out, endpoint) != out.end()) return element.error("it is there twice");
        out.push_back(std::move(endpoint));
    }
    return out;
}

Result<VaultSettings> read_vault(const Node& root) {
    const auto table = root.get("openbao");
    if (!table) return root.error("a table [openbao] with address and ca is required");
    CT_CHECK(table->only({"address", "host", "ca", "namespace", "token", "timeout"}));
    VaultSettings out;
    const auto address = table->get("address");
    if (!address) return table->error("address is required: write address = \"vault.example:8200\"");
    CT_TRY(out.address, read_endpoint(*address));
    out.host = out.address.host;
    if (const auto host = table->get("host")) {
        CT_TRY(out.host, host->as_string());
    }
    if (!table->get("ca")) return table->error("ca is required: the file with OpenBao's certificate authority");
    CT_CHECK(read_path(*table, "ca", out.ca_file));
    if (const auto path = table->get("namespace")) {
        CT_TRY(out.namespace_path, path->as_string());
    }
    if (const auto time = table->get("timeout")) {
        CT_TRY(out.timeout, time->as_duration());
        if (out.timeout < Seconds{1} || out.timeout > limits::kVaultReplyTime) return time->error("write 1s to 10s");
    }
    CT_CHECK(read_path(*table, "token", out.token_file));
    out.token_file = config::credential_or("openbao-token", std::move(out.token_file));
    if (out.token_file.empty())
        return table->error(
            "token is required: the path of the gate's own OpenBao token, or give the unit a credential "
            "\"openbao-token\" (LoadCredentialEncrypted=)");
    return out;
}

Result<RecordSettings> read_records(const Node& root) {
    RecordSettings out;
    const auto table = root.get("records");
    if (!table) return out;
    CT_CHECK(table->only({"folder", "most_mib", "most_age", "when_full"}));
    CT_CHECK(read_path(*table, "folder", out.folder));
    if (const auto size = table->get("most_mib")) {
        CT_TRY(auto mib, size->as_integer(1, 64 << 20));
        out.most_bytes = static_cast<std::uint64_t>(mib) << 20;
    }
    if (const auto age = table->get("most_age")) {
        CT_TRY(out.most_age, age->as_duration());
        if (out.most_age < kLeastRecordAge)
            return age->error("write 25h or more: of what may still live the record is needed, to end it");
    }
    if (const auto full = table->get("when_full")) {
        CT_TRY(auto word, full->as_string());
        if (word != "refuse" && word != "drop-oldest") return full->error("write \"refuse\" or \"drop-oldest\"");
        out.drop_oldest = word == "drop-oldest";
    }
    return out;
}

constexpr std::size_t kSigners = 16;

Result<judge::Signers> read_signers(const Node& table) {
    judge::Signers out;
    const auto list = table.get("signers");
    const auto elements = list ? list->elements() : std::vector<Node>{};
    if (elements.empty() || elements.size() > kSigners)
        return (list ? *list : table)
            .error(
                "signers is required: the public keys that may sign, up to 16, as `cloudtaserctl collateral keygen` "
                "shows them");
    for (const auto& element : elements) {
        CT_TRY(const auto text, element.as_string());
        auto key = judge::parse_signer(text);
        if (!key) return element.error(key.error().context);
        out.keys.push_back(std::move(*key));
    }
    const auto needed = table.get("needed");
    if (!needed) return table.error("needed is required: how many of the signers must have signed");
    CT_TRY(const auto count, needed->as_integer(1, static_cast<std::int64_t>(elements.size())));
    out.needed = static_cast<std::size_t>(count);
    return out;
}

Status read_collateral(const Node& root, Settings& into) {
    const auto table = root.get("collateral");
    if (!table) return {};
    CT_CHECK(table->only({"file", "signers", "needed"}));
    SignedSettings out{.file = "/etc/cloudtaser/collateral.signed", .signers = {}};
    CT_CHECK(read_path(*table, "file", out.file));
    CT_TRY(out.signers, read_signers(*table));
    into.collateral = std::move(out);
    return {};
}

// With this table `policy` names one signed file, and a folder is none.
Status read_policy_signers(const Node& root, Settings& into) {
    const auto table = root.get("signed_policy");
    if (!table) return {};
    CT_CHECK(table->only({"signers", "needed"}));
    CT_TRY(into.policy_signers, read_signers(*table));
    if (!root.get("policy")) return table->error("say which file it is: policy = \"/etc/cloudtaser/policy.signed\"");
    return {};
}

Status read_limits(const Node& root, Settings& into) {
    const auto table = root.get("limits");
    if (!table) return {};
    CT_CHECK(table->only({"connections", "connections_per_address", "judges"}));
    if (const auto node = table->get("judges")) {
        CT_TRY(auto count, node->as_integer(1, 64));
        into.judges = static_cast<std::size_t>(count);
    }
    if (const auto node = table->get("connections")) {
        CT_TRY(auto count, node->as_integer(1, 65536));
        into.connections = static_cast<std::size_t>(count);
    }
    if (const auto node = table->get("connections_per_address")) {
        CT_TRY(auto count, node->as_integer(1, 65536));
        into.connections_per_address = static_cast<std::size_t>(count);
    }
    return {};
}

// The policy's files: as they lie there, or from one file that people have signed.
Result<std::vector<judge::PolicyFile>> read_policy(const Settings& settings, std::optional<std::uint64_t>& serial) {
    if (!settings.policy_signers) return judge::read_policy_files(settings.policy);
    CT_TRY(const auto file, read_file(settings.policy, attest::kMostEnvelope));
    auto bundle = judge::open_policy_bundle(as_bytes(file), *settings.policy_signers);
    if (!bundle) return fail(bundle.error().reason, settings.policy + ": " + bundle.error().context);
    serial = bundle->serial;
    return std::move(bundle->files);
}

Result<std::shared_ptr<const judge::Makers>> load_makers(const SignedSettings& from, const Serials& had) {
    CT_TRY(const auto file, read_file(from.file, attest::kMostEnvelope));
    auto makers = judge::open_makers(as_bytes(file), from.signers);
    if (!makers) return fail(makers.error().reason, from.file + ": " + makers.error().context);
    CT_CHECK(had.check(attest::kCollateralPurpose, makers->serial, makers->hash, from.file));
    return std::make_shared<const judge::Makers>(std::move(*makers));
}

}  // namespace

Result<Settings> parse_settings(const Node& root) {
    CT_CHECK(root.only({"listen", "certificate", "key", "policy", "nodes", "state", "node", "openbao", "signed_policy",
                        "collateral", "records", "limits", "audit", "log"}));
    Settings out;
    CT_TRY(out.listen, read_listen(root));
    CT_CHECK(read_path(root, "certificate", out.certificate));
    CT_CHECK(read_path(root, "key", out.key));
    out.certificate = config::credential_or("gate.crt", std::move(out.certificate));
    out.key = config::credential_or("gate.key", std::move(out.key));
    CT_CHECK(read_path(root, "policy", out.policy));
    CT_CHECK(read_path(root, "nodes", out.nodes_folder));
    CT_CHECK(read_path(root, "state", out.state_folder));
    CT_TRY(out.vault, read_vault(root));
    CT_CHECK(read_policy_signers(root, out));
    CT_CHECK(read_collateral(root, out));
    CT_TRY(out.records, read_records(root));
    CT_CHECK(read_limits(root, out));
    return out;
}

Result<std::shared_ptr<const Rules>> load_rules(const Settings& settings, const Node& root, const Serials& had) {
    std::optional<std::uint64_t> serial;
    CT_TRY(auto files, read_policy(settings, serial));
    CT_TRY(auto policy, judge::Policy::parse(std::move(files)));
    if (serial) CT_CHECK(had.check(judge::kPolicyPurpose, *serial, policy.hash(), settings.policy));
    if (settings.collateral) {
        CT_TRY(auto makers, load_makers(*settings.collateral, had));
        CT_CHECK(policy.rest_on(std::move(makers)));
    }
    auto out = std::make_shared<Rules>(Rules{std::move(policy), {}, serial});
    CT_CHECK(out->nodes.add(root));
    CT_CHECK(judge::add_folder(out->nodes, settings.nodes_folder));
    return out;
}

}  // namespace ct::gate
