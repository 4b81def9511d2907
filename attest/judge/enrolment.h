// SPDX-License-Identifier: Apache-2.0
// Which nodes the gate knows, by the SHA-256 of their public keys. A name may hold several keys {current, next}, so that a
// node's key can be changed without a gap; one key belongs to one name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/judge/policy.h"
#include "base/bytes.h"
#include "base/result.h"
#include "config/tree.h"

namespace ct::judge {

// What the gate holds about the key of a connection; a verdict depends on nothing else of the list.
struct EnrolledNode {
    std::string name;
    bool revoked = false;
    std::map<std::string, std::vector<std::string>, std::less<>> keys = {};  // attest::EnrolledKeys by kind of evidence
    bool operator==(const EnrolledNode&) const = default;
};

class Enrolments {
public:
    static constexpr std::size_t kNodes = 65536;
    static constexpr std::size_t kKeysPerNode = 4;  // also of each kind of evidence
    static constexpr std::size_t kKeyLength = 256;

    // Adds the [[node]] tables under `root` (name, spki = ["hex"], keys.KIND = ["word"], revoked). Errors say file:line;
    // nothing is added then.
    Status add(const config::Node& root, const FindVerifier& find = attest::find_verifier);
    [[nodiscard]] std::optional<EnrolledNode> find(const Sha256& spki) const;
    [[nodiscard]] const std::map<Sha256, EnrolledNode>& by_key() const { return by_key_; }
    // Where a node is defined.
    [[nodiscard]] std::optional<config::Position> position_of(const std::string& name) const;
    [[nodiscard]] std::size_t names() const { return defined_at_.size(); }

private:
    std::map<Sha256, EnrolledNode> by_key_;
    std::map<std::string, config::Position> defined_at_;
};

}  // namespace ct::judge
