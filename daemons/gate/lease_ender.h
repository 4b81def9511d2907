// SPDX-License-Identifier: Apache-2.0
// Carries out what Leases decides: revokes tokens at OpenBao, many at a time, again and again until each is gone or would have
// ended by itself; each one is told to the audit stream.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/sink.h"
#include "daemons/gate/leases.h"
#include "daemons/gate/ports.h"
#include "loop/event.h"

namespace ct::gate {

class LeaseEnder {
public:
    // `trouble` hears why OpenBao will not end a token, and "" when none waits any more. `ended` counts.
    LeaseEnder(EventLoop& loop, audit::Sink& sink, std::function<void(const std::string&)> trouble,
               std::uint64_t& ended);
    LeaseEnder(const LeaseEnder&) = delete;
    LeaseEnder& operator=(const LeaseEnder&) = delete;

    // Whom to ask from now on. What the one before has not answered is asked again: its client may be gone, and its answers
    // with it.
    void use(std::shared_ptr<Revoker> revoker);
    void end(std::vector<Ended> leases);
    // How many are not known to be gone.
    [[nodiscard]] std::size_t waiting() const { return waiting_.size() + asked_.size(); }

private:
    void go_on();
    void finished(std::uint64_t question, const Status& status);
    void tell(const Ended& lease, const Status& status);
    void try_again_later();

    EventLoop& loop_;
    audit::Sink& sink_;
    std::function<void(const std::string&)> trouble_;
    std::uint64_t& ended_;
    std::shared_ptr<Revoker> revoker_;
    std::deque<Ended> waiting_;
    std::map<std::uint64_t, Ended> asked_;  // by the number of the question
    std::uint64_t next_ = 0;
    bool failing_ = false;  // since the last success
    bool in_trouble_ = false;
    Source again_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ct::gate
