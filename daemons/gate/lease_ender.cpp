// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/lease_ender.h"

#include <utility>

#include "audit/event.h"

namespace ct::gate {
namespace {

constexpr std::size_t kAtOnce = 64;
constexpr Millis kAgain{1000};

}  // namespace

LeaseEnder::LeaseEnder(EventLoop& loop, audit::Sink& sink, std::function<void(const std::string&)> trouble,
                       std::uint64_t& ended)
    : loop_(loop), sink_(sink), trouble_(std::move(trouble)), ended_(ended) {}

void LeaseEnder::use(std::shared_ptr<Revoker> revoker) {
    revoker_ = std::move(revoker);
    auto unanswered = std::exchange(asked_, {});
    for (auto& [question, lease] : unanswered)
        waiting_.push_back(std::move(lease));
    again_.reset();
    go_on();
}

void LeaseEnder::end(std::vector<Ended> leases) {
    for (auto& lease : leases)
        waiting_.push_back(std::move(lease));
    // While OpenBao refuses, one timer asks: a fleet's worth of new failures a second helps nobody.
    if (!again_) go_on();
}

void LeaseEnder::go_on() {
    while (revoker_ && !waiting_.empty() && asked_.size() < kAtOnce) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        if (next.lease.expires <= loop_.wall_now()) continue;
        const auto question = next_++;
        const auto accessor = next.lease.accessor;
        asked_.emplace(question, std::move(next));
        revoker_->revoke(accessor, [this, alive = std::weak_ptr(alive_), question](const Status& status) {
            if (!alive.expired()) finished(question, status);
        });
    }
    if (waiting() > 0 || !in_trouble_) return;
    in_trouble_ = failing_ = false;
    trouble_("");
}

void LeaseEnder::finished(std::uint64_t question, const Status& status) {
    auto found = asked_.extract(question);
    if (found.empty()) return;  // asked of another one since
    auto lease = std::move(found.mapped());
    if (status) {
        ++ended_;
        failing_ = false;
        tell(lease, status);
        return go_on();
    }
    // One a row of failures is told: the rest say the same.
    if (!std::exchange(failing_, true)) tell(lease, status);
    waiting_.push_back(std::move(lease));
    in_trouble_ = true;
    trouble_("OpenBao does not end a token that must end: " + status.error().to_string());
    try_again_later();
}

void LeaseEnder::tell(const Ended& lease, const Status& status) {
    audit::Event event(sink_, audit::Type::lease_ended);
    event.set(audit::Field::node, lease.lease.node)
        .set(audit::Field::workload, lease.lease.workload)
        .set(audit::Field::accessor, lease.lease.accessor)
        .set(audit::Field::record, lease.lease.record)
        .set(audit::Field::cause, std::string(to_string(lease.reason)) + ": " + lease.detail);
    (void)(status ? event.success() : event.failure(status.error()));
}

void LeaseEnder::try_again_later() {
    if (again_) return;
    auto timer = loop_.add_timer(kAgain, [this] {
        again_.reset();
        go_on();
    });
    if (timer) again_ = std::move(*timer);
}

}  // namespace ct::gate
