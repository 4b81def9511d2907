// SPDX-License-Identifier: Apache-2.0
// How many connections the gate carries, in all and from one address. Pure: the caller says who comes and who goes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

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

// At most `burst` at once and `burst` a minute on average. For what a stranger may cause.
class Allowance {
public:
    explicit Allowance(double burst) : burst_(burst), left_(burst) {}
    // `now` in seconds of a clock that never steps back.
    bool take(double now) {
        left_ = std::min(burst_, left_ + (now - last_) * burst_ / 60.0);
        last_ = now;
        if (left_ < 1.0) return false;
        left_ -= 1.0;
        return true;
    }

private:
    double burst_, left_;
    double last_ = 0;
};

}  // namespace ct::gate
