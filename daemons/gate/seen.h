// SPDX-License-Identifier: Apache-2.0
// Digests of the last messages, so that a recorded proof that is sent again is called what it is. The challenge alone
// keeps it from counting; this tells an attack from a mistake.
#pragma once

#include <cstddef>
#include <deque>
#include <set>

#include "base/bytes.h"

namespace ct::gate {

class SeenMessages {
public:
    explicit SeenMessages(std::size_t most) : most_(most) {}
    // True if it was there. It is afterwards.
    bool seen(const Sha256& digest) {
        if (!known_.insert(digest).second) return true;
        order_.push_back(digest);
        if (order_.size() > most_) {
            known_.erase(order_.front());
            order_.pop_front();
        }
        return false;
    }

private:
    std::size_t most_;
    std::set<Sha256> known_;
    std::deque<Sha256> order_;
};

}  // namespace ct::gate
