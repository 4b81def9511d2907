// SPDX-License-Identifier: Apache-2.0
// What the gate allows, typed and total: every key is known, every value bounded, every error says file:line and what to
// write instead. docs/policy.md explains each key; docs/man/cloudtaser-gate.toml.5.md lists them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/collateral/deny_list.h"
#include "attest/protocol/messages.h"
#include "attest/verify/verifier.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::judge {

// One file as it was read: *.toml is policy; anything else is an attachment that a policy may name. `name` is the base name: it is part of the policy's hash, so that N gates with the same files
// have the same hash wherever the files lie. `path` is for messages only.
struct PolicyFile {
    std::string name;
    std::string text;
    std::string path;
};

// A node that a workload is bound to: its enrolled name, or the SHA-256 of its public key.
struct NodeRule {
    std::string name;  // empty: `spki` counts
    Sha256 spki{};
};

struct Workload {
    std::string name;
    std::vector<std::string> evidence;  // kinds, all of them needed, in the order written
    std::map<std::string, std::shared_ptr<const attest::KindPolicy>, std::less<>> kinds;  // one for each of `evidence`
    std::string token_role;  // the token is made by auth/token/create/<token_role>
    Seconds token_ttl{0};
    Seconds wrap_ttl{0};
    attest::Terms terms;                    // lifetime as the policy states it; a verdict may end earlier
    std::optional<Seconds> collateral_age;  // how old the bundle may be that a verdict rests on; nullopt: until its end
    // Allow-lists on what the node's kernel said of the caller. Empty: not restricted.
    std::vector<std::uint64_t> uids;
    std::vector<std::string> units;
    std::vector<Sha256> executables;
    std::vector<NodeRule> nodes;
};

// What the makers say, as far as this gate has it: the items of one bundle (attest/collateral), or those that a record kept.
struct Makers {
    Sha256 hash{};   // of the bundle's payload
    WallTime made;   // of the bundle
    WallTime until;  // nothing of it counts after this
    attest::Collateral items;
    std::uint64_t serial = 0;  // of the bundle; a gate takes no older one than it has
};

using FindVerifier = std::function<const attest::Verifier*(std::string_view kind)>;

class Policy {
public:
    // config_invalid, and nothing of a policy, if any file has any mistake.
    static Result<Policy> parse(std::vector<PolicyFile> files, const FindVerifier& find = attest::find_verifier);

    // From now on verdicts rest on this, too; without it on no collateral at all. malformed for a deny list that is none.
    Status rest_on(std::shared_ptr<const Makers> makers);
    [[nodiscard]] const Makers* makers() const { return makers_.get(); }
    // SHA-256 of each of the makers' items.
    [[nodiscard]] const attest::CollateralReader::Digests& digests() const { return digests_; }
    // Of the makers' items; empty where there is none.
    [[nodiscard]] const attest::DenyList& denied() const { return denied_; }

    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
    // SHA-256("cloudtaser/policy/v1" 0x00 | for each file: u32be length + name, u32be length + text).
    [[nodiscard]] const Sha256& hash() const { return hash_; }
    [[nodiscard]] const std::vector<PolicyFile>& files() const { return files_; }
    [[nodiscard]] const Workload* find(std::string_view workload) const;
    [[nodiscard]] const std::map<std::string, Workload, std::less<>>& workloads() const { return workloads_; }

private:
    std::uint64_t epoch_ = 0;
    Sha256 hash_{};
    std::vector<PolicyFile> files_;
    std::shared_ptr<const Makers> makers_;
    attest::CollateralReader::Digests digests_;
    attest::DenyList denied_;
    std::map<std::string, Workload, std::less<>> workloads_;
};

Sha256 policy_hash(const std::vector<PolicyFile>& files);

// Bounds of a policy as a whole. A gate with more than this wants several gates, one for each trust domain.
inline constexpr std::size_t kPolicyFiles = 256;
inline constexpr std::size_t kPolicyFileSize = 256UZ * 1024;
inline constexpr std::size_t kPolicySize = 1024UZ * 1024;  // all files; every audit record holds a copy
inline constexpr std::size_t kWorkloads = 4096;
inline constexpr std::size_t kListEntries = 1024;  // of one allow-list

}  // namespace ct::judge
