// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/leases.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "attest/collateral/deny_list.h"
#include "attest/verify/scope.h"
#include "crypto/digest.h"

namespace ct::gate {
namespace {

constexpr std::uint64_t kNoCount = ~std::uint64_t{0};

std::uint64_t short_hash(std::string_view text) {
    const auto digest = crypto::sha256(as_bytes(text));
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < 8; ++i)
        out = out << 8 | digest[i];
    return out;
}

std::uint64_t entry_hash(std::string_view subject, std::string_view value) {
    return short_hash(std::string(subject) + "=" + attest::DenyList::compared(value));
}

std::uint64_t count(const std::map<std::string, std::string>& claims, const std::string& name) {
    const auto at = claims.find(name);
    std::uint64_t out = 0;
    if (at == claims.end()) return kNoCount;
    const auto [end, error] = std::from_chars(at->second.data(), at->second.data() + at->second.size(), out);
    return error == std::errc() && *end == '\0' ? out : kNoCount;
}

// When the token of a verdict is certainly over, that stands until `end`.
WallTime end_of_token(WallTime end) { return std::min(end, WallTime::max() - kTokenDelay) + kTokenDelay; }

// The keys that tell one machine from another, whatever kind of evidence shows them: what a node may choose is none. Its
// endorsement key stays where it makes a new attestation key at each boot; it is proven by a credential only.
std::vector<std::string> machine_keys(const std::map<std::string, std::string>& claims) {
    const auto value = [&](const char* name) {
        const auto at = claims.find(name);
        return at == claims.end() ? std::string() : at->second;
    };
    std::vector<std::string> out;
    if (const auto key = value("ek_key"); !key.empty() && value("ak_trust") == "credential")
        out.push_back("ek_key=" + key);
    if (const auto key = value("ak_key"); !key.empty()) out.push_back("ak_key=" + key);
    // A record of before there were these two.
    if (const auto key = value("ak"); out.empty() && !key.empty()) out.push_back("ak=" + key);
    return out;
}

// Why a lease falls, if it does.
std::optional<std::pair<Reason, std::string>> fallen(const Lease& lease, const Rules& rules,
                                                     const std::map<std::uint64_t, std::string>& denied) {
    const auto node = rules.nodes.find(lease.node_spki);
    if (!node) return std::pair{Reason::node_unknown, "node " + lease.node + " is not enrolled any more"};
    if (node->revoked) return std::pair{Reason::node_revoked, "node " + lease.node + " is revoked"};
    if (const auto entry = rules.policy.denied().denied_node(lease.node_spki))
        return std::pair{Reason::node_revoked, "the deny list says " + *entry};
    if (lease.policy_epoch < rules.policy.epoch())
        return std::pair{Reason::policy_epoch_stale,
                         "attested under policy epoch " + std::to_string(lease.policy_epoch)};
    if (rules.policy.find(lease.workload) == nullptr)
        return std::pair{Reason::workload_unknown, "no policy for workload " + lease.workload + " any more"};
    for (const auto claim : lease.claims)
        if (const auto entry = denied.find(claim); entry != denied.end())
            return std::pair{Reason::evidence_platform_denied, "the deny list says " + entry->second};
    return std::nullopt;
}

}  // namespace

Lease lease_of(const judge::Decision& decision, const Sha256& node_spki, std::string accessor, std::string record) {
    Lease out{std::move(accessor),
              std::move(record),
              decision.node,
              decision.workload,
              node_spki,
              decision.policy_epoch,
              end_of_token(decision.expires),
              {},
              {}};
    for (const auto& [kind, claims] : decision.claims) {
        for (const auto as : attest::denied_as(kind))
            for (const auto& [name, value] : claims)
                out.claims.push_back(entry_hash(std::string(as) + "." + name, value));
        const auto reset = count(claims, "reset_count"), restart = count(claims, "restart_count");
        if (reset == kNoCount || restart == kNoCount) continue;
        for (const auto& key : machine_keys(claims))
            out.boots.push_back({short_hash(key), reset, restart});
    }
    std::ranges::sort(out.claims);
    out.claims.shrink_to_fit();
    return out;
}

Result<std::optional<Lease>> lease_of(const judge::Record& record) {
    if (!record.outcome.released || record.outcome.accessor.empty()) return std::nullopt;
    CT_TRY(const auto decision, judge::decode_decision(record.decision));
    return lease_of(decision, record.facts.node_spki, record.outcome.accessor, record.id);
}

bool Leases::of_earlier_boot(const Lease& lease) const {
    return std::ranges::any_of(lease.boots, [&](const Lease::Boot& boot) {
        const auto last = seen_.find(boot.key);
        return last != seen_.end() && last->second.boot != boot && last->second.record > lease.record;
    });
}

// True if it shows another boot of a machine than was seen.
bool Leases::see(const Lease& lease) {
    bool other = false;
    for (const auto& boot : lease.boots) {
        const auto [last, first] = seen_.try_emplace(boot.key, Seen{boot, lease.record});
        if (first) continue;
        other |= last->second.boot != boot;
        if (last->second.record <= lease.record) last->second = {boot, lease.record};
    }
    if (seen_.size() >= forget_at_) forget_boots();
    return other;
}

// Of machines without a lease: there is nothing to end.
void Leases::forget_boots() {
    std::set<std::uint64_t> leased;
    for (const auto& [end, lease] : by_end_)
        for (const auto& boot : lease.boots)
            leased.insert(boot.key);
    std::erase_if(seen_, [&](const auto& seen) { return !leased.contains(seen.first); });
    forget_at_ = 2 * seen_.size() + kSpareBoots;
}

std::vector<Ended> Leases::add(Lease lease, WallTime now) {
    expire(now);
    const auto& added = by_end_.emplace(lease.expires, std::move(lease))->second;
    std::vector<Ended> out;
    if (see(added))
        for (auto at = by_end_.begin(); at != by_end_.end();) {
            if (!of_earlier_boot(at->second)) {
                ++at;
                continue;
            }
            out.push_back({std::move(at->second), Reason::evidence_reset_changed, "the machine has restarted since"});
            at = by_end_.erase(at);
        }
    expire(now);
    return out;
}

std::vector<Ended> Leases::review(const Rules& rules, WallTime now) {
    expire(now);
    std::map<std::uint64_t, std::string> denied;
    for (const auto& [subject, values] : rules.policy.denied().entries())
        for (const auto& value : values)
            denied.emplace(entry_hash(subject, value), subject + "=" + value);
    std::vector<Ended> out;
    for (auto at = by_end_.begin(); at != by_end_.end();) {
        auto why = fallen(at->second, rules, denied);
        if (!why) {
            ++at;
            continue;
        }
        out.push_back({std::move(at->second), why->first, std::move(why->second)});
        at = by_end_.erase(at);
    }
    return out;
}

void Leases::expire(WallTime now) {
    by_end_.erase(by_end_.begin(), by_end_.upper_bound(now));
    if (by_end_.empty()) seen_.clear();
}

}  // namespace ct::gate
