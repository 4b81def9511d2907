// SPDX-License-Identifier: Apache-2.0
// The tokens that the gate has released and that may still live, and what they rest on: when that falls, so do they. Pure: what
// to end is a value, the ending is elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/judge/record.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "daemons/gate/core.h"

namespace ct::gate {

struct Lease {
    std::string accessor;  // of the token, for OpenBao
    std::string record;    // id of the release: ids sort by time
    std::string node, workload;
    Sha256 node_spki{};
    std::uint64_t policy_epoch = 0;
    WallTime expires;  // of its token, at the latest
    // The deny list's view of the evidence: each KIND.CLAIM=VALUE, hashed to 8 bytes, ascending. A list entry is looked for by
    // its hash; that another claim has the same one, by chance once in 2^40 for a whole fleet, ends a lease too early.
    std::vector<std::uint64_t> claims;
    // Since when the machine has been up, by key: a quote that shows another boot says that this one is over.
    struct Boot {
        std::uint64_t key = 0;  // hash of a key that the machine has proven to hold
        std::uint64_t reset = 0, restart = 0;
        bool operator==(const Boot&) const = default;
    };
    std::vector<Boot> boots;
};

// nullopt for a record of a refusal, or of a release that has no token. Else malformed.
Result<std::optional<Lease>> lease_of(const judge::Record& record);
Lease lease_of(const judge::Decision& decision, const Sha256& node_spki, std::string accessor, std::string record);

struct Ended {
    Lease lease;
    Reason reason = Reason::internal;
    std::string detail;
};

class Leases {
public:
    // Of one machine only those of its last boot stay (evidence_reset_changed); records say which release was the later one,
    // in whatever order they are added.
    std::vector<Ended> add(Lease lease, WallTime now);
    // What no longer stands by these rules: nodes revoked or gone, an older policy epoch, workloads without policy, entries of
    // the deny list. They are forgotten here.
    std::vector<Ended> review(const Rules& rules, WallTime now);
    // Forgets what ended by itself.
    void expire(WallTime now);
    [[nodiscard]] std::size_t size() const { return by_end_.size(); }
    // How many machines' boots are remembered: a small multiple of size() at most, but for kSpareBoots.
    [[nodiscard]] std::size_t boots() const { return seen_.size(); }

    static constexpr std::size_t kSpareBoots = 1024;

private:
    struct Seen {
        Lease::Boot boot;
        std::string record;  // of the last release that showed it
    };
    [[nodiscard]] bool of_earlier_boot(const Lease& lease) const;
    bool see(const Lease& lease);
    void forget_boots();

    std::multimap<WallTime, Lease> by_end_;
    std::map<std::uint64_t, Seen> seen_;  // by key: all leases need a look only when a boot is another one
    std::size_t forget_at_ = kSpareBoots;
};

}  // namespace ct::gate
