// SPDX-License-Identifier: Apache-2.0
// How many of something each user has now, known without counting: a quota must cost the same with ten thousand sessions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace ct {

class Tally {
public:
    // One of them, for as long as it lives. The tally outlives its tickets.
    class [[nodiscard]] Ticket {
    public:
        Ticket() = default;
        Ticket(Ticket&& other) noexcept
            : counts_(std::exchange(other.counts_, nullptr)), user_(std::exchange(other.user_, 0)) {}
        Ticket& operator=(Ticket&& other) noexcept {
            std::swap(counts_, other.counts_);
            std::swap(user_, other.user_);
            return *this;
        }
        Ticket(const Ticket&) = delete;
        Ticket& operator=(const Ticket&) = delete;
        ~Ticket() {
            if (counts_ == nullptr) return;
            const auto at = counts_->find(user_);
            if (--at->second == 0) counts_->erase(at);
        }

    private:
        friend class Tally;
        using Counts = std::map<std::uint64_t, std::size_t>;
        Ticket(Counts& counts, std::uint64_t user) : counts_(&counts), user_(user) { ++counts[user]; }
        Counts* counts_ = nullptr;
        std::uint64_t user_ = 0;
    };

    Tally() = default;
    Tally(const Tally&) = delete;
    Tally& operator=(const Tally&) = delete;

    Ticket take(std::uint64_t user) { return {counts_, user}; }
    [[nodiscard]] std::size_t of(std::uint64_t user) const {
        const auto at = counts_.find(user);
        return at == counts_.end() ? 0 : at->second;
    }

private:
    Ticket::Counts counts_;
};

}  // namespace ct
