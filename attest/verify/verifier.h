// SPDX-License-Identifier: Apache-2.0
// The one interface behind which every evidence technology stands. The gate, the protocol and the audit record know kinds
// only as words; adding a technology adds a folder here and a line in registry.cpp.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/verify/memo.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/tree.h"

namespace ct::attest {

// What a workload's policy says about one kind: its parsed TOML table ([workload.NAME.KIND]). Made once when the policy is
// loaded; each technology derives its own.
class KindPolicy {
public:
    virtual ~KindPolicy() = default;
};

// One failed check. All checks run: there is no early exit once the evidence parsed.
struct Finding {
    Reason reason;
    std::string detail;  // for a person; public facts only
};

struct Verdict {
    std::vector<Finding> findings;              // empty = affirming
    std::map<std::string, std::string> claims;  // what the evidence said (hex, decimal), for audit and policy authors
    WallTime expires;                           // earliest end of all it rests on
    [[nodiscard]] bool affirming() const { return findings.empty(); }
};

// What the gate sends to the node's collector for this kind, and what it keeps until the proof comes back.
struct EvidenceRequest {
    Bytes for_collector;  // opaque to the protocol
    Bytes kept;           // opaque; part of the audit record
};

// The keys that a node was enrolled with for one kind, in that kind's words: "ak:sha256:5f2c...". A policy may trust them
// instead of naming each node's own.
using EnrolledKeys = std::span<const std::string>;

// What a platform's maker publishes about it: revocation lists, TCB levels, certificates; content by name (docs/collateral.md).
// The gate has it from a signed bundle; a verifier still checks the maker's signatures and dates.
using Collateral = std::map<std::string, Bytes, std::less<>>;

// The collateral of one verdict. It notes what was found, so that a record can hold just that and be judged again.
class CollateralReader {
public:
    // `digests` are the SHA-256 of the items, where somebody has them already.
    using Digests = std::map<std::string, Sha256, std::less<>>;
    explicit CollateralReader(const Collateral& all, const Digests* digests = nullptr) : all_(all), digests_(digests) {}
    // Empty when there is no such item.
    ByteView find(std::string_view name) {
        const auto at = all_.find(name);
        if (at == all_.end()) return {};
        found_.insert(at->first);
        return at->second;
    }
    // Of an item that was found.
    [[nodiscard]] Sha256 digest(std::string_view name) const;
    [[nodiscard]] const std::set<std::string>& found() const { return found_; }

private:
    const Collateral& all_;
    const Digests* digests_;
    std::set<std::string> found_;
};

// Everything a verdict may depend on; no clock, no randomness, no state.
struct Subject {
    ByteView introduction;  // what the node said of itself in its hello
    ByteView kept;          // EvidenceRequest::kept
    ByteView evidence;
    const Sha512& binding;  // R, see attest/protocol/binding.h
    WallTime at;
    EnrolledKeys enrolled = {};
    CollateralReader* collateral = nullptr;  // none
    Memo* memo = nullptr;                    // what was found out before; changes no verdict
    // False for a file under an auditor's eyes: what it is over, and made for, the caller compares. Never false in a gate.
    bool for_release = true;
};

// Files that lie beside a policy and that it may name (trust anchors): content by base name. A policy reads nothing else:
// its attachments are part of its hash and of every audit record, so that a verdict can be replayed anywhere.
using Attachments = std::map<std::string, std::string, std::less<>>;

class Verifier {
public:
    virtual ~Verifier() = default;
    [[nodiscard]] virtual std::string_view kind() const = 0;
    // Errors carry file:line. No I/O.
    [[nodiscard]] virtual Result<std::shared_ptr<const KindPolicy>> parse_policy(
        const config::Node& table, const Attachments& attachments = {}) const = 0;
    // Whether this can be one of EnrolledKeys; the error says what to write.
    [[nodiscard]] virtual Status check_key(std::string_view word) const = 0;
    // `entropy` is 32 fresh random bytes. An introduction that can lead to nothing is refused here.
    [[nodiscard]] virtual Result<EvidenceRequest> request(ByteView introduction, const KindPolicy& policy,
                                                          const ByteArray<32>& entropy, WallTime at,
                                                          EnrolledKeys enrolled = {}) const = 0;
    [[nodiscard]] virtual Verdict verify(const Subject& subject, const KindPolicy& policy) const = 0;
};

// All kinds this build knows; nullptr for an unknown word.
const Verifier* find_verifier(std::string_view kind);
std::vector<std::string_view> known_kinds();

}  // namespace ct::attest
