// SPDX-License-Identifier: Apache-2.0
// A gate without a clock and without a network: its own exchanges, its own judges' processes, its own table of leases. What a
// connection, OpenBao and a disk do in a daemon is done on paper.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "daemons/gate/core.h"
#include "daemons/gate/judge_pool.h"
#include "daemons/gate/leases.h"
#include "daemons/gate/seen.h"
#include "loop/event.h"
#include "offline/fleet.h"

namespace ct::test {

class ClocklessGate {
public:
    // What became of one exchange, as the node heard it and as the gate keeps it.
    struct Outcome {
        bool released = false;
        std::string reason, detail;  // of a refusal
        WallTime expires;            // of the verdict
        bool rests_on_bundle = false;
    };

    static Result<std::unique_ptr<ClocklessGate>> start(const std::string& judge, std::size_t judges);

    void judge_by(std::shared_ptr<const gate::Rules> rules) { rules_ = std::move(rules); }
    // One whole exchange at this time. `done` hears of its end, in this call or a later one: some are under way at once.
    void visit(Host& host, WallTime now, std::function<void(const Outcome&)> done);
    // Until all have ended.
    void settle();

    [[nodiscard]] std::size_t leases(WallTime now);
    [[nodiscard]] std::uint64_t exchanges() const { return exchanges_; }
    [[nodiscard]] std::uint64_t dead_judges() const { return dead_judges_; }
    [[nodiscard]] std::vector<int> judges() const { return pool_->pids(); }

private:
    struct Running;
    ClocklessGate(EventLoop loop) : loop_(std::move(loop)) {}
    void feed(const std::shared_ptr<Running>& one, gate::Event event);
    void act(const std::shared_ptr<Running>& one, gate::Action& action);
    void hear(Running& node, const attest::Message& message);
    void turn();
    ByteArray<32> fresh();

    EventLoop loop_;
    std::unique_ptr<gate::JudgePool> pool_;
    std::shared_ptr<const gate::Rules> rules_;
    gate::Leases leases_;
    gate::SeenMessages seen_{4096};
    std::uint64_t exchanges_ = 0, dead_judges_ = 0, numbers_ = 0;
    std::size_t under_way_ = 0;
};

}  // namespace ct::test
