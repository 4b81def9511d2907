// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/workloads.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "codec/hex.h"

namespace ct::secretd {
namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::optional<std::uint64_t> as_number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "Nobody" to one reader and "anybody" to another: an empty list is neither.
Result<std::vector<std::string>> parse_allowed(const config::Node& node, std::string_view key) {
    CT_TRY(auto words, node.as_strings());
    if (words.empty()) return node.error(std::string(key) + ": an empty list allows nobody; leave it out for anybody");
    return words;
}

Result<std::set<std::uint64_t>> parse_users(const config::Node& node, const UidOf& uid_of) {
    CT_TRY(const auto names, parse_allowed(node, "users"));
    std::set<std::uint64_t> uids;
    for (const auto& name : names) {
        auto uid = as_number(name);
        if (!uid) uid = uid_of(name);
        if (!uid) return node.error("users: there is no user '" + name + "' on this machine");
        uids.insert(*uid);
    }
    return uids;
}

Result<Mapping> parse_mapping(const config::Node& node, const std::map<std::string, int>& mounts) {
    Mapping mapping;
    auto source = node;
    if (node.is_table()) {
        CT_CHECK(node.only({"secret", "children"}));
        const auto secret = node.get("secret");
        if (!secret) return node.error("a mapping needs secret = \"mount/path#field\"");
        source = *secret;
        if (const auto children = node.get("children")) {
            CT_TRY(const std::string word, children->as_string());
            if (word != "rearm" && word != "strip") return children->error("children: write \"rearm\" or \"strip\"");
            mapping.children = word == "strip" ? Children::strip : Children::rearm;
        }
    }
    CT_TRY(const std::string text, source.as_string());
    auto ref = openbao::parse_secret_ref(text, mounts);
    if (!ref) return source.error(ref.error().context);
    mapping.ref = std::move(*ref);
    return mapping;
}

Result<std::map<std::string, Mapping>> parse_mappings(const config::Node& workload, std::string_view key,
                                                      const std::map<std::string, int>& mounts) {
    std::map<std::string, Mapping> mappings;
    const auto table = workload.get(key);
    if (!table) return mappings;
    CT_TRY(const auto entries, table->as_table());
    for (const auto& [name, source] : entries) {
        if (!is_variable_name(name)) return source.error("'" + name + "' is no environment variable name");
        CT_TRY(auto mapping, parse_mapping(source, mounts));
        mappings.emplace(name, std::move(mapping));
    }
    return mappings;
}

Result<WorkloadRules> parse_workload(const std::string& name, const config::Node& node, const UidOf& uid_of,
                                     const std::map<std::string, int>& mounts) {
    CT_CHECK(node.only({"users", "units", "executables", "require_enforcement", "env", "secrets"}));
    WorkloadRules rules;
    rules.name = name;
    const auto users = node.get("users");
    const auto units = node.get("units");
    if (!users && !units)
        return node.error("workload '" + name + "' needs users or units: nobody may open it otherwise");
    if (users) {
        CT_TRY(rules.uids, parse_users(*users, uid_of));
    }
    if (units) {
        CT_TRY(const auto words, parse_allowed(*units, "units"));
        rules.units.insert(words.begin(), words.end());
    }
    if (const auto executables = node.get("executables")) {
        CT_TRY(const auto words, parse_allowed(*executables, "executables"));
        for (const auto& word : words) {
            const auto digest = hex_decode(word, sizeof(Sha256));
            if (!digest || digest->size() != sizeof(Sha256))
                return executables->error("executables: expected SHA-256 digests in hex (sha256sum FILE)");
            rules.executables.insert(hex_encode(*digest));
        }
    }
    if (const auto require = node.get("require_enforcement")) {
        CT_TRY(rules.require_enforcement, require->as_bool());
    }
    CT_TRY(rules.environment, parse_mappings(node, "env", mounts));
    CT_TRY(rules.secrets, parse_mappings(node, "secrets", mounts));
    for (const auto& [secret, mapping] : rules.secrets)
        if (rules.environment.contains(secret)) return node.error("'" + secret + "' stands under both env and secrets");
    if (rules.environment.size() + rules.secrets.size() > limits::kSecretsPerWorkload)
        return node.error("a workload may have " + std::to_string(limits::kSecretsPerWorkload) + " secrets at most");
    return rules;
}

}  // namespace

bool is_variable_name(std::string_view name) {
    return !name.empty() && name.size() <= limits::kNameLength && is_word(name.front()) &&
           std::ranges::all_of(name, [](char c) { return is_word(c) || (c >= '0' && c <= '9'); });
}

Status WorkloadRules::allows(const attest::Identity& identity) const {
    if (!uids.empty() && !uids.contains(identity.uid))
        return fail(Reason::caller_not_allowed,
                    "uid " + std::to_string(identity.uid) + " is not among users of workload " + name);
    if (!units.empty() && !units.contains(identity.unit))
        return fail(Reason::caller_not_allowed, "unit '" + identity.unit + "' is not among units of workload " + name);
    if (!executables.empty()) {
        if (!identity.executable) return fail(Reason::identity_unreadable, "the caller's executable could not be read");
        if (!executables.contains(hex_encode(*identity.executable)))
            return fail(Reason::executable_not_allowed,
                        "the caller's executable is not among executables of workload " + name);
    }
    return {};
}

Result<Workloads> parse_workloads(const config::Node& root, const UidOf& uid_of,
                                  const std::map<std::string, int>& mounts) {
    CT_CHECK(root.only({"workload"}));
    Workloads workloads;
    const auto table = root.get("workload");
    if (!table) return workloads;
    CT_TRY(const auto entries, table->as_table());
    for (const auto& [name, node] : entries) {
        if (name.empty() || name.size() > limits::kNameLength) return node.error("workload names have 1 to 256 bytes");
        CT_TRY(auto rules, parse_workload(name, node, uid_of, mounts));
        workloads.emplace(name, std::move(rules));
    }
    return workloads;
}

}  // namespace ct::secretd
