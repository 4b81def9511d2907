// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/session.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace ct::secretd {
namespace {

bool same_secret(const openbao::SecretRef& a, const openbao::SecretRef& b) {
    return a.mount == b.mount && a.path == b.path && a.kv_version == b.kv_version;
}

}  // namespace

Session::Session(const SessionSurroundings& around, SessionRequest request, Events events)
    : around_(around),
      request_(std::move(request)),
      events_(std::move(events)),
      core_(*request_.rules, around.protection != Protection::memfd_secret),
      inbox_(around.loop, [this](SessionEvent event) { handle(std::move(event)); }),
      opened_(around.loop.wall_now()) {}

Session::~Session() { around_.grants.leave(*this); }

void Session::start_deadline() {
    auto timer = around_.loop.add_timer(around_.release_time, [this] { inbox_.post(TimedOut{}); });
    if (!timer) return inbox_.post(Failed{std::move(timer).error()});
    deadline_ = std::move(*timer);
}

void Session::start() {
    start_deadline();
    for (auto& action : core_.start())
        std::visit([this](auto& step) { run(std::move(step)); }, action);
}

Status Session::restore(const KeptSession& kept) {
    CT_TRY(core_,
           SessionCore::restored(*request_.rules, around_.protection != Protection::memfd_secret, kept.identity));
    grant_key_ = GrantKey{workload(), kept.identity};
    opened_ = kept.opened;
    evidence_kind_ = kept.evidence_kind;
    tiers_ = kept.tiers;
    return {};
}

KeptSession Session::keepsake() const {
    KeptSession kept;
    kept.id = id();
    kept.workload = workload();
    kept.caller_uid = caller_uid();
    kept.identity = identity();
    kept.opened = opened_;
    kept.evidence_kind = evidence_kind_;
    kept.tiers = tiers_;
    for (const auto& [name, mapping] : request_.extra_environment)
        kept.environment.emplace(name, mapping.ref.mount + "/" + mapping.ref.path + "#" + mapping.ref.field);
    return kept;
}

void Session::want(std::function<void(Status)> then) {
    if (core_.state() == SessionState::ended) return then(fail(Reason::session_ended, "the session has ended"));
    if (around_.wanting.of(caller_uid()) >= limits::kWaitingPerCaller)
        return then(fail(Reason::quota_exceeded, "too many calls of this user wait for sessions that wake"));
    waiting_.push_back({std::move(then), around_.wanting.take(caller_uid())});
    handle(Wanted{});
}

void Session::handle(SessionEvent event) {
    for (auto& action : core_.on(event))
        std::visit([this](auto& step) { run(std::move(step)); }, action);
}

void Session::run(Identify /*action*/) {
    around_.witness.describe(request_.pidfd,
                             inbox_.reply<Witness::Person>([](Result<Witness::Person> person) -> SessionEvent {
                                 if (!person) return Failed{std::move(person).error()};
                                 return Identified{std::move(person->identity)};
                             }));
}

void Session::run(Protect /*action*/) {
    around_.enforcer.protect(request_.pidfd, inbox_.reply<bool>([](Result<bool> armed) -> SessionEvent {
        if (!armed) return Failed{std::move(armed).error()};
        return Protected{*armed};
    }));
}

void Session::run(AcquireGrant action) {
    if (!deadline_) start_deadline();  // one that wakes
    retried_ = false;
    grant_key_ = GrantKey{workload(), action.identity};
    const Grant* known = around_.grants.find(*grant_key_);
    warm_ = known != nullptr && known->state() == GrantState::granted;
    around_.grants.acquire(*grant_key_, *this);
}

void Session::on_granted(const attest::Terms& terms) {
    tiers_ = terms.tiers;
    if (const Grant* grant = around_.grants.find(*grant_key_)) evidence_kind_ = grant->evidence_kind();
    if (core_.state() == SessionState::fetch) return read_next_batch();  // after replace()
    inbox_.post(Granted{terms});
}

void Session::on_grant_lost(const Error& error) { inbox_.post(GrantLost{error}); }

std::map<std::string, Mapping> Session::environment() const {
    auto mappings = request_.extra_environment;
    mappings.insert(request_.rules->environment.begin(), request_.rules->environment.end());
    return mappings;
}

void Session::run(Fetch /*action*/) { read_next_batch(); }

// One read for each secret, all on the wire at once: one round trip however many there are.
void Session::read_next_batch() {
    const Grant* grant = around_.grants.find(*grant_key_);
    if (grant == nullptr || grant->state() != GrantState::granted)
        return inbox_.post(Failed{Error{Reason::session_ended, "the grant ended before the secrets were read"}});
    reads_.clear();
    const auto add = [this](const openbao::SecretRef& ref) {
        if (std::ranges::none_of(reads_, [&](const Read& read) { return same_secret(read.ref, ref); }))
            reads_.push_back({ref, {}});
    };
    for (const auto& [name, mapping] : environment())
        add(mapping.ref);
    for (const auto& [name, mapping] : request_.rules->secrets)
        add(mapping.ref);
    if (reads_.empty())
        return inbox_.post(
            Failed{Error{Reason::name_not_mapped, "workload " + workload() + " maps no secret: add [workload." +
                                                      workload() + ".env] or use --env NAME=mount/path#field"}});
    reads_open_ = reads_.size();
    flights_before_ = around_.wire.counters().flights;
    const std::uint64_t round = ++read_round_;
    for (std::size_t i = 0; i < reads_.size(); ++i)
        around_.vault.read_kv(grant->token(), reads_[i].ref,
                              [this, alive = inbox_.alive(), round, i](Result<openbao::KvSecret> secret) {
                                  if (!alive.expired() && round == read_round_) on_read(i, std::move(secret));
                              });
}

void Session::on_read(std::size_t index, Result<openbao::KvSecret> secret) {
    if (core_.state() != SessionState::fetch) return;
    if (!secret) {
        ++read_round_;
        // A token that others used before may be used up or revoked; with a fresh one the same answer is final.
        if (secret.error().reason == Reason::vault_token_invalid && warm_ && !retried_) {
            retried_ = true;
            warm_ = false;
            return around_.grants.replace(*grant_key_, *this);
        }
        auto error = std::move(secret).error();
        error.context = reads_[index].ref.mount + "/" + reads_[index].ref.path + ": " + error.context;
        return inbox_.post(Failed{std::move(error)});
    }
    reads_[index].secret = std::move(*secret);
    if (--reads_open_ > 0) return;
    round_trips_ = around_.wire.counters().flights - flights_before_;
    auto payload = assemble();
    reads_.clear();
    if (!payload) return inbox_.post(Failed{std::move(payload).error()});
    payload_ = std::move(*payload);
    inbox_.post(Fetched{});
}

Result<Payload> Session::assemble() const {
    std::vector<Payload::Source> sources;
    const auto add = [&](const std::string& name, const Mapping& mapping, bool environment) -> Status {
        const auto read = std::ranges::find_if(reads_, [&](const Read& r) { return same_secret(r.ref, mapping.ref); });
        const auto value = read->secret->field(mapping.ref.field);
        if (!value)
            return fail(Reason::vault_field_missing, name + ": " + mapping.ref.mount + "/" + mapping.ref.path +
                                                         " has no field '" + mapping.ref.field + "'");
        sources.push_back({name, *value, environment, mapping.children == Children::rearm, read->secret->version()});
        return {};
    };
    for (const auto& [name, mapping] : environment())
        CT_CHECK(add(name, mapping, true));
    for (const auto& [name, mapping] : request_.rules->secrets)
        CT_CHECK(add(name, mapping, false));
    return Payload::lay_out(sources, around_.protection, around_.seal);
}

void Session::run(Answer /*action*/) {
    deadline_.reset();
    events_.on_live(*this);
}

void Session::run(Serve /*action*/) {
    deadline_.reset();
    serve_waiting({});
}

void Session::run(Refuse action) {
    forget();
    events_.on_refused(*this, action.error);
    events_.on_ended(*this, action.error);
}

void Session::run(Deny action) {
    forget();
    serve_waiting(std::unexpected(std::move(action.error)));
}

void Session::run(End action) {
    forget();
    serve_waiting(std::unexpected(action.why));
    events_.on_ended(*this, action.why);
}

void Session::serve_waiting(const Status& status) {
    for (const auto& waiting : std::exchange(waiting_, {}))
        waiting.then(status);
}

void Session::forget() {
    deadline_.reset();
    reads_.clear();
    ++read_round_;
    payload_.reset();
    around_.grants.leave(*this);
}

Result<SecretPage> Session::arm() const {
    if (core_.state() != SessionState::live || !payload_) return fail(Reason::session_ended, "the session has ended");
    return payload_->copy_all();
}

Result<SecretPage> Session::fetch(std::string_view name) const {
    if (core_.state() != SessionState::live || !payload_) return fail(Reason::session_ended, "the session has ended");
    return payload_->copy_value(name);
}

WallTime Session::expires() const {
    if (!grant_key_) return opened_;
    const Grant* grant = around_.grants.find(*grant_key_);
    return grant != nullptr ? grant->expires() : opened_;
}

}  // namespace ct::secretd
