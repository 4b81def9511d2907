// SPDX-License-Identifier: Apache-2.0
// Carries out what Leases decides: revokes tokens at OpenBao, many at a time, again and again until each is gone or would have
// ended by itself; each one is told to the audit stream.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "audit/sink.h"
#include "daemons/gate/leases.h"
#include "daemons/gate/vault_minter.h"
#include "loop/event.h"

namespace ct::gate {

class LeaseEnder {
public:
    // `trouble` hears why OpenBao will not end a token, and "" when none waits any more. `ended` counts.
    LeaseEnder(EventLoop& loop, audit::Sink& sink, std::function<std::shared_ptr<VaultMinter>()> minter,
               std::function<void(const std::string&)> trouble, std::uint64_t& ended);
    LeaseEnder(const LeaseEnder&) = delete;
    LeaseEnder& operator=(const LeaseEnder&) = delete;

    void end(std::vector<Ended> leases);

private:
    void go_on();
    void finished(Ended lease, const Status& status);

    EventLoop& loop_;
    audit::Sink& sink_;
    std::function<std::shared_ptr<VaultMinter>()> minter_;
    std::function<void(const std::string&)> trouble_;
    std::uint64_t& ended_;
    std::deque<Ended> waiting_;
    std::size_t at_once_ = 0;
    bool failed_ = false;
    Source again_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ct::gate
