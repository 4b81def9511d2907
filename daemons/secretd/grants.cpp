// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/grants.h"

#include <algorithm>
#include <utility>

#include "base/registers.h"
#include "crypto/digest.h"

namespace ct::secretd {
namespace {

template <class T, class Make>
auto or_failed(Make make) {
    return [make = std::move(make)](Result<T> result) -> GrantEvent {
        if (!result) return StepFailed{std::move(result).error()};
        return make(std::move(*result));
    };
}

}  // namespace

Grant::Grant(const GrantSurroundings& around, GrantKey key, Changed on_granted,
             std::function<void(Grant&, Error)> on_withdrawn)
    : around_(around),
      key_(std::move(key)),
      on_granted_(std::move(on_granted)),
      on_withdrawn_(std::move(on_withdrawn)),
      inbox_(around.loop, [this](GrantEvent event) { handle(std::move(event)); }) {}

void Grant::start() {
    for (auto& action : core_.start())
        std::visit([this](auto& step) { run(std::move(step)); }, action);
}

void Grant::handle(GrantEvent event) {
    step_timer_.reset();
    for (auto& action : core_.on(event)) {
        if (core_.state() != GrantState::granted && core_.state() != GrantState::ended) {
            auto timer = around_.loop.add_timer(around_.step_time, [this] { inbox_.post(StepTimedOut{}); });
            if (timer) step_timer_ = std::move(*timer);
        }
        std::visit([this](auto& step) { run(std::move(step)); }, action);
    }
}

void Grant::run(Introduce /*action*/) {
    around_.attester.introduce(inbox_.reply<std::vector<attest::KindBlob>>(
        or_failed<std::vector<attest::KindBlob>>([](auto blobs) { return Introduced{std::move(blobs)}; })));
}

void Grant::run(Connect /*action*/) {
    around_.streams.open("gate", [this, alive = inbox_.alive(),
                                  guard = inbox_.reply<std::monostate>(or_failed<std::monostate>(
                                      [](std::monostate) { return Connected{}; }))](Result<Fd> stream) {
        if (!stream) {
            auto error = stream.error();
            if (error.reason == Reason::upstream_unreachable) error.reason = Reason::gate_unreachable;
            return guard(std::unexpected(std::move(error)));
        }
        if (alive.expired() || core_.state() != GrantState::connect) return;  // overtaken: the stream is closed here
        gate_ = std::make_unique<GateConversation>(around_.loop, around_.node_identity);
        gate_->start(std::move(*stream), around_.gate_pins, [guard](Status status) {
            if (status)
                guard(std::monostate{});
            else
                guard(std::unexpected(std::move(status).error()));
        });
    });
}

std::function<void(Result<attest::Message>)> Grant::on_message() {
    return inbox_.reply<attest::Message>(or_failed<attest::Message>([](attest::Message message) -> GrantEvent {
        if (auto* challenge = std::get_if<attest::Challenge>(&message)) return Challenged{std::move(*challenge)};
        if (auto* release = std::get_if<attest::Release>(&message)) return Released{std::move(*release)};
        if (auto* refusal = std::get_if<attest::Refusal>(&message)) return RefusedByGate{std::move(*refusal)};
        return StepFailed{Error{Reason::protocol_violation, "the gate sent a message of the node's"}};
    }));
}

void Grant::run(SendHello action) {
    auto key = crypto::hpke::generate_key_pair();
    if (!key) return inbox_.post(StepFailed{std::move(key).error()});
    sealing_key_ = std::move(*key);
    attest::Hello hello;
    hello.workload = key_.workload;
    hello.identity = key_.identity;
    hello.sealing_key = sealing_key_.public_key;
    hello.introductions = std::move(action.introductions);
    gate_->ask(hello, on_message());
}

Result<Sha512> Grant::binding_for(const attest::Challenge& challenge) {
    CT_TRY(const auto exporter, gate_->exporter());
    attest::BindingInputs inputs;
    inputs.role = "node";
    inputs.challenge = challenge.challenge;
    inputs.exporter = exporter;
    inputs.node_spki = around_.node_identity.own_spki();
    inputs.gate_spki = gate_->gate_spki();
    inputs.sealing_key = sealing_key_.public_key;
    inputs.workload = key_.workload;
    inputs.identity = crypto::sha256(attest::encode_identity(key_.identity));
    inputs.policy_epoch = challenge.policy_epoch;
    return attest::binding_value(inputs);
}

void Grant::run(Collect action) {
    auto binding = binding_for(action.challenge);
    if (!binding) return inbox_.post(StepFailed{std::move(binding).error()});
    binding_ = *binding;
    around_.attester.collect(
        action.challenge, binding_,
        inbox_.reply<attest::Proof>(or_failed<attest::Proof>([](auto proof) { return Collected{std::move(proof)}; })));
}

void Grant::run(SendProof action) { gate_->ask(std::move(action.proof), on_message()); }

Result<SecretString> Grant::open_seal(const attest::Release& release) {
    const RegisterGuard guard;
    CT_TRY(const SecretBuffer token,
           crypto::hpke::open(sealing_key_, as_bytes(attest::kSealInfo), binding_, release.sealed_token));
    return SecretString(token.text());
}

void Grant::run(Unwrap action) {
    gate_.reset();
    auto wrapping = open_seal(action.release);
    sealing_key_ = {};
    if (!wrapping) return inbox_.post(StepFailed{std::move(wrapping).error()});
    wrapping_token_ = std::move(*wrapping);
    auto done = inbox_.reply<Seconds>(or_failed<Seconds>([](Seconds life) { return Unwrapped{life}; }));
    // Where it was made tells whether it is ours, and asking does not burn it (as any other use would).
    around_.vault.wrapping_lookup(wrapping_token_, [this, alive = inbox_.alive(), done,
                                                    expected = action.release.creation_path](Result<std::string> path) {
        if (alive.expired() || core_.state() != GrantState::unwrap) return;
        if (!path) return done(std::unexpected(path.error()));
        if (*path != expected)
            return done(std::unexpected(Error{Reason::wrapping_path_mismatch,
                                              "the wrapping token was made by another path than the gate's role"}));
        around_.vault.unwrap(wrapping_token_, [this, alive, done](Result<openbao::Token> token) {
            if (alive.expired() || core_.state() != GrantState::unwrap) return;
            discard(wrapping_token_);
            if (!token) return done(std::unexpected(token.error()));
            token_ = std::move(token->value);
            done(token->ttl);
        });
    });
}

void Grant::run(Announce action) {
    life_ = action.life;
    expires_ = around_.loop.wall_now() + action.life;
    auto timer = around_.loop.add_timer(action.life, [this] { inbox_.post(LifeOver{}); });
    // A grant whose end nobody watches must not live.
    if (!timer) return inbox_.post(Abandoned{});
    life_timer_ = std::move(*timer);
    on_granted_(*this);
}

void Grant::run(Withdraw action) {
    step_timer_.reset();
    life_timer_.reset();
    gate_.reset();
    sealing_key_ = {};
    discard(wrapping_token_);
    // Given back at once instead of living on at the server until its end; whether the server heard does not matter here.
    if (!token_.empty()) around_.vault.revoke_self(token_, [](const Result<std::monostate>&) {});
    discard(token_);
    on_withdrawn_(*this, std::move(action.error));
}

// ---------------------------------------------------------------------------------------------------------- registry

Grant& Grants::start(const GrantKey& key) {
    auto grant = std::make_unique<Grant>(
        around_, key, [this](Grant& won_grant) { won(won_grant); },
        [this](Grant& lost_grant, Error error) { lost(lost_grant, std::move(error)); });
    Grant& made = *grant;
    grants_.push_back(std::move(grant));
    made.start();
    return made;
}

const Grant* Grants::find(const GrantKey& key) const {
    const Grant* best = nullptr;
    for (const auto& grant : grants_)
        if (grant->key() == key && grant->state() != GrantState::ended &&
            (best == nullptr || grant->state() == GrantState::granted))
            best = grant.get();
    return best;
}

void Grants::acquire(const GrantKey& key, GrantUser& user) {
    auto* grant = const_cast<Grant*>(find(key));  // NOLINT: the registry owns it mutably
    if (grant == nullptr) grant = &start(key);
    grant->users.insert(&user);
    if (grant->state() == GrantState::granted) user.on_granted(grant->terms());
}

void Grants::replace(const GrantKey& key, GrantUser& user) {
    leave(user);
    for (const auto& grant : grants_)
        if (grant->key() == key && grant->users.empty()) grant->abandon();
    // Others may still live by the old one; it is not handed out again.
    start(key).users.insert(&user);
}

void Grants::leave(GrantUser& user) {
    for (const auto& grant : grants_)
        grant->users.erase(&user);
}

void Grants::drop_workload(const std::string& workload) {
    for (const auto& grant : grants_)
        if (grant->key().workload == workload) grant->abandon();
}

void Grants::won(Grant& grant) {
    around_.on_won(grant.key(), grant.evidence_kind(), grant.record(), grant.life());
    // A renewal takes over the users of the grant that it follows.
    for (const auto& other : grants_) {
        if (other.get() == &grant || !(other->key() == grant.key()) || other->state() != GrantState::granted) continue;
        grant.users.merge(other->users);
        other->users.clear();
        renewals_.erase(other.get());
        other->abandon();
    }
    renew_later(grant, grant.life() * 2 / 3);
    const auto users = grant.users;
    for (GrantUser* user : users)
        if (grant.users.contains(user)) user->on_granted(grant.terms());
}

void Grants::renew_later(Grant& grant, Seconds after) {
    auto timer = around_.loop.add_timer(std::max(after, Seconds{1}), [this, &grant] {
        if (!grant.users.empty()) start(grant.key());
    });
    if (timer) renewals_[&grant] = std::move(*timer);
}

void Grants::lost(Grant& grant, Error error) {
    renewals_.erase(&grant);
    if (error.reason != Reason::cancelled) around_.on_refused(grant.key(), error);
    // A renewal that got no answer leaves the old grant to live its life; one that was refused ends it.
    Grant* predecessor = nullptr;
    for (const auto& other : grants_)
        if (other.get() != &grant && other->key() == grant.key() && other->state() == GrantState::granted)
            predecessor = other.get();
    if (predecessor != nullptr && grant.users.empty()) {
        if (is_outage(error.reason))
            renew_later(*predecessor, predecessor->life() / 10);
        else if (error.reason != Reason::cancelled && error.reason != Reason::session_ended) {
            const auto users = std::exchange(predecessor->users, {});
            predecessor->abandon();
            for (GrantUser* user : users)
                user->on_grant_lost(error);
        }
    }
    const auto users = std::exchange(grant.users, {});
    discard(grant);
    for (GrantUser* user : users)
        user->on_grant_lost(error);
}

void Grants::discard(Grant& grant) {
    const auto found = std::ranges::find(grants_, &grant, &std::unique_ptr<Grant>::get);
    if (found == grants_.end()) return;
    discarded_.push_back(std::move(*found));
    grants_.erase(found);
    auto sweep = around_.loop.add_defer([this] { discarded_.clear(); });
    if (sweep) sweep_ = std::move(*sweep);
}

}  // namespace ct::secretd
