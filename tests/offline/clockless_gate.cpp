// SPDX-License-Identifier: Apache-2.0
#include "offline/clockless_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <type_traits>

#include "attest/protocol/binding.h"
#include "crypto/digest.h"

namespace ct::test {
namespace {

constexpr std::size_t kAtOnce = 16;  // enough that no judge waits while a host signs
const Sha256 kGateKey = crypto::sha256(as_bytes("gate"));

}  // namespace

// Both ends of one connection.
struct ClocklessGate::Running {
    Host& host;
    WallTime now;
    std::function<void(const Outcome&)> done;
    gate::Exchange exchange = {};
    std::deque<gate::Event> events = {};  // that the gate has not heard of
    bool busy = false;
    attest::Hello hello = {};
    ByteArray<32> exporter = {};
    Outcome outcome = {};
};

Result<std::unique_ptr<ClocklessGate>> ClocklessGate::start(const std::string& judge, std::size_t judges) {
    CT_TRY(auto loop, EventLoop::create());
    std::unique_ptr<ClocklessGate> out(new ClocklessGate(std::move(loop)));
    CT_TRY(out->pool_, gate::JudgePool::start(
                           out->loop_, {.program = judge, .processes = judges},
                           [](const std::string& trouble) { ADD_FAILURE() << trouble; }, out->dead_judges_));
    return out;
}

// Nobody guesses in here: that they differ is enough.
ByteArray<32> ClocklessGate::fresh() { return crypto::sha256(as_bytes("fresh " + std::to_string(++numbers_))); }

void ClocklessGate::turn() { ASSERT_TRUE(loop_.run_once(std::chrono::seconds{10})); }

void ClocklessGate::settle() {
    while (under_way_ > 0 && !testing::Test::HasFatalFailure())
        turn();
}

std::size_t ClocklessGate::leases(WallTime now) {
    leases_.expire(now);
    return leases_.size();
}

void ClocklessGate::visit(Host& host, WallTime now, std::function<void(const Outcome&)> done) {
    while (under_way_ >= kAtOnce && !testing::Test::HasFatalFailure())
        turn();
    ++under_way_;
    ++exchanges_;
    auto one = std::make_shared<Running>(Running{.host = host, .now = now, .done = std::move(done)});
    one->exporter = fresh();
    one->hello.workload = host.kind();
    one->hello.identity = {1001, "payments.service", crypto::sha256(as_bytes("payments"))};
    one->hello.sealing_key = fresh();
    one->hello.introductions = {{std::string(host.kind()), host.introduction()}};
    feed(one, gate::event::Connected{.node_spki = host.spki,
                                     .gate_spki = kGateKey,
                                     .not_before = now - std::chrono::days(1),
                                     .not_after = now + std::chrono::days(1),
                                     .exporter = one->exporter,
                                     .seed = fresh(),
                                     .challenge = fresh()});
    feed(one, gate::event::Received{attest::encode(one->hello)});
}

void ClocklessGate::feed(const std::shared_ptr<Running>& one, gate::Event event) {
    one->events.push_back(std::move(event));
    if (one->busy) return;
    one->busy = true;
    while (!one->events.empty()) {
        gate::Event next = std::move(one->events.front());
        one->events.pop_front();
        for (auto& action : one->exchange.on(std::move(next), {rules_, one->now}))
            act(one, action);
    }
    one->busy = false;
}

void ClocklessGate::act(const std::shared_ptr<Running>& one, gate::Action& action) {
    std::visit(
        [&](auto& what) {
            using T = std::decay_t<decltype(what)>;
            if constexpr (std::is_same_v<T, gate::action::Send>) {
                const auto message = attest::decode(what.message);
                ASSERT_TRUE(message) << message.error().to_string();
                hear(*one, *message);
            } else if constexpr (std::is_same_v<T, gate::action::Ask>) {
                pool_->ask(what, [this, one](gate::Event answer) { feed(one, std::move(answer)); });
            } else if constexpr (std::is_same_v<T, gate::action::Mint>) {
                one->events.emplace_back(gate::event::Minted{to_vector(as_bytes("sealed")), what.order.creation_path(),
                                                             "accessor-" + std::to_string(++numbers_)});
            } else if constexpr (std::is_same_v<T, gate::action::Store>) {
                one->events.emplace_back(gate::event::Stored{});
            } else if constexpr (std::is_same_v<T, gate::action::Announce>) {
                one->outcome.expires = what.decision.expires;
                one->outcome.rests_on_bundle = !what.decision.collateral.empty();
                if (!what.verdict.released) return;
                const auto ended = leases_.add(
                    gate::lease_of(what.decision, what.node_spki, what.verdict.accessor, what.verdict.record),
                    one->now);
                EXPECT_TRUE(ended.empty()) << "a lease of a machine that has not restarted ends before its time";
            } else if constexpr (std::is_same_v<T, gate::action::Close>) {
                --under_way_;
                one->done(one->outcome);
            }
        },
        action);
}

// What a node does with it.
void ClocklessGate::hear(Running& node, const attest::Message& message) {
    if (const auto* challenge = std::get_if<attest::Challenge>(&message)) {
        const auto binding =
            attest::binding_value({.role = "node",
                                   .challenge = challenge->challenge,
                                   .exporter = node.exporter,
                                   .node_spki = node.host.spki,
                                   .gate_spki = kGateKey,
                                   .sealing_key = node.hello.sealing_key,
                                   .workload = node.hello.workload,
                                   .identity = crypto::sha256(attest::encode_identity(node.hello.identity)),
                                   .policy_epoch = challenge->policy_epoch});
        attest::Proof proof;
        for (const auto& request : challenge->requests)
            proof.evidence.push_back({request.kind, node.host.prove(request.body, binding, node.now)});
        auto bytes = attest::encode(proof);
        const bool seen = seen_.seen(crypto::sha256(bytes));
        node.events.emplace_back(gate::event::Received{std::move(bytes), seen});
        return;
    }
    node.outcome.released = std::holds_alternative<attest::Release>(message);
    if (const auto* refusal = std::get_if<attest::Refusal>(&message)) {
        node.outcome.reason = refusal->reason;
        node.outcome.detail = refusal->detail;
    }
    node.events.emplace_back(gate::event::PeerClosed{});
}

}  // namespace ct::test
