// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/lease_ender.h"

#include <utility>

#include "audit/event.h"

namespace ct::gate {
namespace {

constexpr std::size_t kAtOnce = 64;
constexpr Millis kAgain{1000};

}  // namespace

LeaseEnder::LeaseEnder(EventLoop& loop, audit::Sink& sink, std::function<std::shared_ptr<VaultMinter>()> minter,
                       std::function<void(const std::string&)> trouble, std::uint64_t& ended)
    : loop_(loop), sink_(sink), minter_(std::move(minter)), trouble_(std::move(trouble)), ended_(ended) {}

void LeaseEnder::end(std::vector<Ended> leases) {
    for (auto& lease : leases)
        waiting_.push_back(std::move(lease));
    go_on();
}

void LeaseEnder::go_on() {
    const auto minter = minter_();
    while (minter && !waiting_.empty() && at_once_ < kAtOnce) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        if (next.lease.expires <= loop_.wall_now()) continue;
        ++at_once_;
        const auto accessor = next.lease.accessor;
        minter->revoke(accessor, [this, alive = std::weak_ptr(alive_), next = std::move(next)](const Status& status) {
            if (!alive.expired()) finished(next, status);
        });
    }
    if (!waiting_.empty() || at_once_ > 0 || !failed_) return;
    failed_ = false;
    trouble_("");
}

void LeaseEnder::finished(Ended lease, const Status& status) {
    --at_once_;
    audit::Event event(sink_, audit::Type::lease_ended);
    event.set(audit::Field::node, lease.lease.node)
        .set(audit::Field::workload, lease.lease.workload)
        .set(audit::Field::accessor, lease.lease.accessor)
        .set(audit::Field::record, lease.lease.record)
        .set(audit::Field::cause, std::string(to_string(lease.reason)) + ": " + lease.detail);
    if (status) {
        ++ended_;
        (void)event.success();
        return go_on();
    }
    (void)event.failure(status.error());
    failed_ = true;
    trouble_("OpenBao does not end a token that must end: " + status.error().to_string());
    waiting_.push_back(std::move(lease));
    if (again_) return;
    auto timer = loop_.add_timer(kAgain, [this] {
        again_.reset();
        go_on();
    });
    if (timer) again_ = std::move(*timer);
}

}  // namespace ct::gate
