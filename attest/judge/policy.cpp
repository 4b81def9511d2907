// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/policy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "attest/judge/names.h"
#include "base/limits.h"
#include "codec/hex.h"
#include "config/tree.h"
#include "crypto/digest.h"

namespace ct::judge {
namespace {

using config::Node;

constexpr Seconds kLeastTtl{10};
constexpr Seconds kMostTtl = std::chrono::hours{24};
constexpr Seconds kMostWrapTtl = std::chrono::minutes{5};
constexpr Seconds kDefaultTtl = std::chrono::minutes{5};
constexpr Seconds kDefaultWrapTtl{30};
constexpr Seconds kLeastAge = std::chrono::hours{1};
constexpr Seconds kMostAge = std::chrono::hours{24 * 366};

constexpr std::array<std::string_view, 14> kWorkloadKeys{
    "evidence",    "token_role",    "token_ttl",           "wrap_ttl",
    "lifetime",    "tiers",         "require_enforcement", "allow_degraded_memory",
    "uids",        "units",         "executables",         "nodes",
    "description", "collateral_age"};

Result<std::string> read_name(const Node& node) {
    CT_TRY(auto text, node.as_string());
    if (!is_name(text)) return node.error("write 1 to 256 letters, digits, '.', '_' or '-', not starting with '.'");
    return text;
}

Result<Seconds> read_duration(const Node& table, std::string_view key, Seconds least, Seconds most, Seconds otherwise) {
    const auto node = table.get(key);
    if (!node) return otherwise;
    CT_TRY(auto value, node->as_duration());
    if (value < least || value > most)
        return node->error("write a time from " + std::to_string(least.count()) + "s to " +
                           std::to_string(most.count()) + "s");
    return value;
}

Result<bool> read_bool(const Node& table, std::string_view key) {
    const auto node = table.get(key);
    if (!node) return false;
    return node->as_bool();
}

// An allow-list. One that is present and empty would read as "none" to one admin and as "all" to another: refused.
template <class T, class Read>
Result<std::vector<T>> read_list(const Node& table, std::string_view key, std::string_view anybody, Read read) {
    std::vector<T> out;
    const auto node = table.get(key);
    if (!node) return out;
    const auto elements = node->elements();
    if (elements.empty())
        return node->error("write a list with at least one entry, or leave the key out to allow any " +
                           std::string(anybody));
    if (elements.size() > kListEntries) return node->error("more than " + std::to_string(kListEntries) + " entries");
    for (const auto& element : elements) {
        CT_TRY(auto value, read(element));
        out.push_back(std::move(value));
    }
    return out;
}

Result<Sha256> read_sha256(const Node& node) {
    CT_TRY(auto text, node.as_string());
    auto digest = hex_decode_array<32>(text);
    if (!digest) return node.error("write a SHA-256 as 64 hexadecimal digits");
    return *digest;
}

Result<NodeRule> read_node_rule(const Node& node) {
    CT_TRY(auto text, node.as_string());
    if (const auto digest = hex_decode_array<32>(text)) return NodeRule{{}, *digest};
    if (!is_name(text)) return node.error("write the name of an enrolled node, or its key's SHA-256 in 64 hex digits");
    return NodeRule{std::move(text), {}};
}

Result<std::string> read_unit(const Node& node) {
    CT_TRY(auto text, node.as_string());
    if (text.empty() || text.size() > limits::kNameLength || text.find('.') == std::string::npos)
        return node.error("write a unit's full name, such as \"payments.service\"");
    return text;
}

// "A", "B", "C" or "D": what they mean is in docs/delivery-tiers.md.
Result<std::string> read_tiers(const Node& table) {
    const auto node = table.get("tiers");
    if (!node) return std::string("AB");
    const auto elements = node->elements();
    if (elements.empty()) return node->error("write a list of \"A\", \"B\", \"C\", \"D\"");
    std::set<char> letters;
    for (const auto& element : elements) {
        CT_TRY(auto text, element.as_string());
        if (text.size() != 1 || text[0] < 'A' || text[0] > 'D')
            return element.error("write \"A\", \"B\", \"C\" or \"D\"");
        if (!letters.insert(text[0]).second) return element.error("\"" + text + "\" is there twice");
    }
    return std::string(letters.begin(), letters.end());
}

bool is_policy(const PolicyFile& file) { return file.name.ends_with(".toml"); }

std::string known_words() {
    std::string out;
    for (const auto kind : attest::known_kinds())
        out.append(out.empty() ? "" : ", ").append(kind);
    return out;
}

Result<Workload> read_workload(const std::string& name, const Node& table, const attest::Attachments& attachments,
                               const FindVerifier& find) {
    if (!is_name(name))
        return table.error("a workload's name is 1 to 256 letters, digits, '.', '_' or '-', not starting with '.'");
    CT_TRY(const auto members, table.as_table());
    Workload out;
    out.name = name;

    const auto evidence = table.get("evidence");
    if (!evidence || evidence->elements().empty())
        return (evidence ? *evidence : table)
            .error("evidence is required: list the kinds that must all be proven, such as evidence = [\"" +
                   (attest::known_kinds().empty() ? "KIND" : std::string(attest::known_kinds().front())) + "\"]");
    for (const auto& element : evidence->elements()) {
        CT_TRY(auto kind, element.as_string());
        if (out.kinds.contains(kind)) return element.error("\"" + kind + "\" is there twice");
        const auto* verifier = find(kind);
        if (verifier == nullptr)
            return element.error("this gate cannot verify \"" + kind + "\"; it knows: " + known_words());
        const auto own = table.get(kind);
        if (!own || !own->is_table())
            return element.error("\"" + kind + "\" needs a table [workload." + name + "." + kind +
                                 "] that says what is trusted");
        CT_TRY(auto policy, verifier->parse_policy(*own, attachments));
        out.kinds.emplace(kind, std::move(policy));
        out.evidence.push_back(std::move(kind));
    }
    for (const auto& [key, value] : members) {
        if (std::ranges::find(kWorkloadKeys, key) != kWorkloadKeys.end() || out.kinds.contains(key)) continue;
        if (value.is_table())
            return value.error("evidence does not list \"" + key + "\", so this table would have no effect");
        return value.error(
            "unknown key; known here: evidence and a table for each of its kinds, token_role, token_ttl, wrap_ttl, lifetime, tiers, require_enforcement, allow_degraded_memory, uids, units, executables, nodes, collateral_age, description");
    }

    const auto role = table.get("token_role");
    if (!role) return table.error("token_role is required: the OpenBao token role that makes this workload's tokens");
    CT_TRY(out.token_role, read_name(*role));
    CT_TRY(out.token_ttl, read_duration(table, "token_ttl", kLeastTtl, kMostTtl, kDefaultTtl));
    CT_TRY(out.wrap_ttl,
           read_duration(table, "wrap_ttl", Seconds{1}, kMostWrapTtl, std::min(kDefaultWrapTtl, out.token_ttl)));
    // The token inside lives from the minting on: a wrapping token that outlives it opens to something dead.
    if (out.wrap_ttl > out.token_ttl) return table.get("wrap_ttl")->error("wrap_ttl is longer than token_ttl");
    CT_TRY(out.terms.lifetime, read_duration(table, "lifetime", kLeastTtl, kMostTtl, out.token_ttl));
    CT_TRY(out.terms.tiers, read_tiers(table));
    CT_TRY(out.terms.require_enforcement, read_bool(table, "require_enforcement"));
    CT_TRY(out.terms.allow_degraded_memory, read_bool(table, "allow_degraded_memory"));

    CT_TRY(out.uids, read_list<std::uint64_t>(table, "uids", "user", [](const Node& node) -> Result<std::uint64_t> {
               CT_TRY(auto uid, node.as_integer(0, 0xFFFFFFFE));
               return static_cast<std::uint64_t>(uid);
           }));
    CT_TRY(out.units, read_list<std::string>(table, "units", "unit", read_unit));
    CT_TRY(out.executables, read_list<Sha256>(table, "executables", "program", read_sha256));
    CT_TRY(out.nodes, read_list<NodeRule>(table, "nodes", "enrolled node", read_node_rule));
    if (table.get("collateral_age")) {
        CT_TRY(out.collateral_age, read_duration(table, "collateral_age", kLeastAge, kMostAge, kMostAge));
    }
    if (const auto words = table.get("description")) CT_CHECK(words->as_string());
    return out;
}

}  // namespace

Sha256 policy_hash(const std::vector<PolicyFile>& files) {
    crypto::Hasher hasher(crypto::Hash::sha256);
    const auto add = [&hasher](ByteView bytes) {
        const auto size = static_cast<std::uint32_t>(bytes.size());
        const ByteArray<4> length{static_cast<std::uint8_t>(size >> 24), static_cast<std::uint8_t>(size >> 16),
                                  static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
        hasher.update(length);
        hasher.update(bytes);
    };
    using namespace std::string_view_literals;
    hasher.update(as_bytes("cloudtaser/policy/v1\0"sv));
    for (const auto& file : files) {
        add(as_bytes(file.name));
        add(as_bytes(file.text));
    }
    Sha256 out{};
    std::ranges::copy(hasher.finish(), out.begin());
    return out;
}

Status Policy::rest_on(std::shared_ptr<const Makers> makers) {
    attest::DenyList denied;
    if (const auto list = makers->items.find(attest::kDenyList); list != makers->items.end()) {
        CT_TRY(denied, attest::DenyList::parse(list->second));
    }
    digests_.clear();
    for (const auto& [name, content] : makers->items)
        digests_.emplace(name, crypto::sha256(content));
    denied_ = std::move(denied);
    makers_ = std::move(makers);
    return {};
}

const Workload* Policy::find(std::string_view workload) const {
    const auto at = workloads_.find(workload);
    return at == workloads_.end() ? nullptr : &at->second;
}

Result<Policy> Policy::parse(std::vector<PolicyFile> files, const FindVerifier& find) {
    std::size_t total = 0;
    for (const auto& file : files)
        total += file.text.size();
    if (files.size() > kPolicyFiles || total > kPolicySize)
        return fail(Reason::too_large, "the policy is over " + std::to_string(kPolicyFiles) + " files or " +
                                           std::to_string(kPolicySize) + " bytes");
    Policy out;
    std::optional<config::Position> epoch_at;
    std::map<std::string, config::Position> defined_at;
    attest::Attachments attachments;
    for (const auto& file : files)
        if (!is_policy(file)) attachments.emplace(file.name, file.text);
    for (const auto& file : files) {
        if (!is_policy(file)) continue;
        CT_TRY(auto document, config::Document::parse(file.text, file.path.empty() ? file.name : file.path));
        const auto root = document.root();
        CT_CHECK(root.only({"epoch", "workload"}));
        if (const auto node = root.get("epoch")) {
            // One place, so that raising it cannot be undone by another file.
            if (epoch_at)
                return node->error("it is set already at " + epoch_at->file + ":" + std::to_string(epoch_at->line));
            CT_TRY(auto epoch, node->as_integer(1, INT64_MAX));
            out.epoch_ = static_cast<std::uint64_t>(epoch);
            epoch_at = node->position();
        }
        const auto workloads = root.get("workload");
        if (!workloads) continue;
        CT_TRY(const auto tables, workloads->as_table());
        for (const auto& [name, table] : tables) {
            // Files are not merged: half a policy in a second file would change the first one unseen.
            if (const auto before = defined_at.find(name); before != defined_at.end())
                return table.error("it is defined already at " + before->second.file + ":" +
                                   std::to_string(before->second.line));
            CT_TRY(auto workload, read_workload(name, table, attachments, find));
            defined_at.emplace(name, table.position());
            out.workloads_.emplace(name, std::move(workload));
            if (out.workloads_.size() > kWorkloads)
                return table.error("more than " + std::to_string(kWorkloads) + " workloads");
        }
    }
    if (!epoch_at)
        return fail(Reason::config_invalid, (files.empty() ? std::string("policy") : files.front().path) +
                                                ": epoch is missing: write epoch = 1 in one policy file and raise it "
                                                "whenever every session must attest anew");
    if (out.workloads_.empty())
        return fail(Reason::config_invalid, files.front().path + ": no [workload.NAME] in any policy file");
    out.hash_ = policy_hash(files);
    out.files_ = std::move(files);
    return out;
}

}  // namespace ct::judge
