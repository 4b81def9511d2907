// SPDX-License-Identifier: Apache-2.0
// How many connections the gate carries, in all and from one address. Pure: the caller says who comes and who goes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace ct::gate {

class Quotas {
public:
    Quotas(std::size_t most, std::size_t most_per_address) : most_(most), most_per_address_(most_per_address) {}

    // False: turn it away. Otherwise leave() must follow once.
    bool enter(const std::string& address) {
        if (total_ >= most_) return false;
        auto& count = by_address_[address];
        if (count >= most_per_address_) return false;
        ++count;
        ++total_;
        return true;
    }
    void leave(const std::string& address) {
        const auto at = by_address_.find(address);
        if (at == by_address_.end()) return;
        --total_;
        if (--at->second == 0) by_address_.erase(at);
    }
    // From the next one on; those inside stay.
    void set(std::size_t most, std::size_t most_per_address) {
        most_ = most;
        most_per_address_ = most_per_address;
    }
    [[nodiscard]] std::size_t total() const { return total_; }

private:
    std::size_t most_, most_per_address_;
    std::size_t total_ = 0;
    std::map<std::string, std::size_t> by_address_;  // never holds a zero
};

// Bytes of messages that all nodes together may have in work, and each of them by its key: nodes are trusted to be nodes, not
// to be kind.
class InputBudget {
public:
    explicit InputBudget(std::size_t most = std::size_t{256} << 20) : most_(most) {}

    // False: nothing was taken. Otherwise give_back() must follow.
    bool take(const Sha256& node, std::size_t bytes) {
        auto& share = by_node_[node];
        const bool fits = bytes <= most_ - used_ && bytes <= most_ / kShares - share;
        if (fits) {
            share += bytes;
            used_ += bytes;
        }
        if (share == 0) by_node_.erase(node);
        return fits;
    }
    void give_back(const Sha256& node, std::size_t bytes) {
        const auto at = by_node_.find(node);
        if (at == by_node_.end()) return;
        used_ -= bytes;
        at->second -= bytes;
        if (at->second == 0) by_node_.erase(at);
    }
    [[nodiscard]] std::size_t used() const { return used_; }

    static constexpr std::size_t kShares = 8;

private:
    std::size_t most_;
    std::size_t used_ = 0;
    std::map<Sha256, std::size_t> by_node_;  // never holds a zero
};

// At most `burst` at once and `burst` a minute on average. For what others may cause.
class Allowance {
public:
    explicit Allowance(double burst) : burst_(burst), left_(burst) {}
    // `now` in seconds of a clock that never steps back.
    bool take(double now, double cost = 1) {
        left_ = std::min(burst_, left_ + (now - last_) * burst_ / 60.0);
        last_ = now;
        if (left_ < cost) return false;
        left_ -= cost;
        return true;
    }

    [[nodiscard]] bool whole(double now) const { return left_ + (now - last_) * burst_ / 60.0 >= burst_; }

private:
    double burst_, left_;
    double last_ = 0;
};

// One for each key. Only those that have been used lately take memory.
class KeyedAllowance {
public:
    explicit KeyedAllowance(double burst) : burst_(burst) {}
    bool take(const Sha256& key, double now, double cost = 1) {
        if (by_key_.size() >= forget_at_) forget(now);
        return by_key_.try_emplace(key, burst_).first->second.take(now, cost);
    }
    [[nodiscard]] std::size_t size() const { return by_key_.size(); }

    static constexpr std::size_t kSpare = 1024;

private:
    void forget(double now) {
        std::erase_if(by_key_, [now](const auto& one) { return one.second.whole(now); });
        forget_at_ = 2 * by_key_.size() + kSpare;
    }

    double burst_;
    std::size_t forget_at_ = kSpare;
    std::map<Sha256, Allowance> by_key_;
};

// The same for the lines of a log, that says with the next one how many were left out.
class LineAllowance {
public:
    explicit LineAllowance(double burst) : lines_(burst) {}
    // nullopt: leave this one out, too. Otherwise how many were left out before it.
    std::optional<std::uint64_t> take(double now) {
        if (lines_.take(now)) return std::exchange(left_out_, 0);
        ++left_out_;
        return std::nullopt;
    }

private:
    Allowance lines_;
    std::uint64_t left_out_ = 0;
};

}  // namespace ct::gate
