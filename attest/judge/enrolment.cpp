// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/enrolment.h"

#include "attest/judge/names.h"
#include "codec/hex.h"

namespace ct::judge {
namespace {

Result<Sha256> read_key(const config::Node& node) {
    CT_TRY(auto text, node.as_string());
    const auto key = hex_decode_array<32>(text);
    if (!key) return node.error("write the SHA-256 of the node's public key (DER SPKI) as 64 hexadecimal digits");
    return *key;
}

struct Row {
    EnrolledNode node;
    config::Position position;
    std::vector<std::pair<Sha256, config::Node>> keys;
};

Status read_evidence_keys(const config::Node& keys, const FindVerifier& find, EnrolledNode& out) {
    CT_TRY(const auto kinds, keys.as_table());
    for (const auto& [kind, list] : kinds) {
        const auto* verifier = find(kind);
        if (verifier == nullptr) return list.error("this gate knows no evidence of kind \"" + kind + "\"");
        const auto words = list.elements();
        if (words.empty() || words.size() > Enrolments::kKeysPerNode)
            return list.error("write a list of 1 to " + std::to_string(Enrolments::kKeysPerNode) + " keys");
        for (const auto& element : words) {
            CT_TRY(auto word, element.as_string());
            if (word.size() > Enrolments::kKeyLength) return element.error("too long for a key");
            if (const auto known = verifier->check_key(word); !known) return element.error(known.error().context);
            out.keys[kind].push_back(std::move(word));
        }
    }
    return {};
}

Result<Row> read_row(const config::Node& table, const FindVerifier& find) {
    if (!table.is_table()) return table.error("write tables, [[node]]");
    CT_CHECK(table.only({"name", "spki", "keys", "revoked", "description"}));
    Row out{{}, table.position(), {}};
    const auto name = table.get("name");
    const auto spki = table.get("spki");
    if (!name || !spki) return table.error("name and spki are required");
    CT_TRY(out.node.name, name->as_string());
    if (!is_name(out.node.name))
        return name->error("write 1 to 256 letters, digits, '.', '_' or '-', not starting with '.'");
    const auto elements = spki->elements();
    if (elements.empty()) {
        CT_TRY(auto key, read_key(*spki));
        out.keys.emplace_back(key, *spki);
    }
    if (elements.size() > Enrolments::kKeysPerNode)
        return spki->error("at most " + std::to_string(Enrolments::kKeysPerNode) + " keys a node");
    for (const auto& element : elements) {
        CT_TRY(auto key, read_key(element));
        out.keys.emplace_back(key, element);
    }
    if (const auto revoked = table.get("revoked")) {
        CT_TRY(out.node.revoked, revoked->as_bool());
    }
    if (const auto keys = table.get("keys")) CT_CHECK(read_evidence_keys(*keys, find, out.node));
    if (const auto words = table.get("description")) CT_CHECK(words->as_string());
    return out;
}

}  // namespace

Status Enrolments::add(const config::Node& root, const FindVerifier& find) {
    const auto list = root.get("node");
    if (!list) return {};
    auto next = *this;
    const auto tables = list->elements();
    if (tables.empty()) return list->error("write tables, [[node]]");
    for (const auto& table : tables) {
        CT_TRY(auto row, read_row(table, find));
        const auto [before, fresh] = next.defined_at_.emplace(row.node.name, row.position);
        if (!fresh)
            return table.error("node \"" + row.node.name + "\" is there already at " + before->second.file + ":" +
                               std::to_string(before->second.line) + "; a node with two keys lists both in spki");
        for (const auto& [key, at] : row.keys) {
            const auto [owner, is_new] = next.by_key_.emplace(key, row.node);
            if (!is_new) return at.error("this key is enrolled already for node \"" + owner->second.name + "\"");
        }
        if (next.by_key_.size() > kNodes) return table.error("more than " + std::to_string(kNodes) + " node keys");
    }
    *this = std::move(next);
    return {};
}

std::optional<config::Position> Enrolments::position_of(const std::string& name) const {
    const auto at = defined_at_.find(name);
    if (at == defined_at_.end()) return std::nullopt;
    return at->second;
}

std::optional<EnrolledNode> Enrolments::find(const Sha256& spki) const {
    const auto at = by_key_.find(spki);
    if (at == by_key_.end()) return std::nullopt;
    return at->second;
}

}  // namespace ct::judge
