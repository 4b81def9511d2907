// SPDX-License-Identifier: Apache-2.0
// What the gate decided, with everything it found. Its encoding is deterministic: two machines that judge the same case by
// the same policy have the same bytes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "attest/protocol/messages.h"
#include "attest/verify/verifier.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::judge {

// The token that a granted case is worth.
struct MintOrder {
    std::string role;
    Seconds ttl{0};
    Seconds wrap_ttl{0};
    bool operator==(const MintOrder&) const = default;
    // Where OpenBao must say that the wrapping token was made.
    [[nodiscard]] std::string creation_path() const { return "auth/token/create/" + role; }
};

struct Decision {
    // Empty exactly when granted. The first one is the reason that the node is told.
    std::vector<attest::Finding> findings;
    std::string workload;  // as asked for; empty if the node never said
    std::string node;      // enrolled name; empty for a stranger
    std::string kinds;     // evidence that was judged, in the policy's order, joined by '+'
    std::uint64_t policy_epoch = 0;
    Sha256 policy_hash{};
    // Of the collateral bundle, and what of it the verdict rests on; nothing for kinds that need none.
    Sha256 collateral_hash{};
    std::vector<std::string> collateral;
    WallTime at;       // the time of the verdict
    WallTime expires;  // earliest end of all it rests on; `at` when refused
    // Only meaningful when granted.
    attest::Terms terms;
    MintOrder mint;
    // What the evidence said, by kind, whether or not it was accepted: a refusal shows the values to put into a policy.
    std::map<std::string, std::map<std::string, std::string>> claims;

    [[nodiscard]] bool granted() const { return findings.empty(); }
};

// Canonical CBOR; docs/audit-record.md gives the layout.
Bytes encode(const Decision& decision);
Result<Decision> decode_decision(ByteView bytes);

}  // namespace ct::judge
