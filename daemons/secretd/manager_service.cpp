// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/manager_service.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "audit/event.h"
#include "codec/hex.h"
#include "daemons/common/fd_store.h"
#include "daemons/common/log.h"

namespace ct::secretd {
namespace {

constexpr const char* kPath = "/io/cloudtaser/Secret1";
constexpr const char* kInterface = "io.cloudtaser.Secret1.Manager";
constexpr std::size_t kPem = 64 << 10;

std::string path_of(const Session& session) { return std::string(kPath) + "/session/" + std::to_string(session.id()); }

bool is_socket(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

std::string store_name(std::uint64_t session) { return "session-" + std::to_string(session); }

std::uint64_t unix_seconds(WallTime time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Seconds>(time.time_since_epoch()).count());
}

audit::Event& describe(audit::Event& event, const Session& session) {
    event.set(audit::Field::workload, session.workload())
        .set(audit::Field::session, session.id())
        .set(audit::Field::uid, session.caller_uid())
        .set(audit::Field::unit, session.identity().unit)
        .set(audit::Field::evidence_kind, session.evidence_kind());
    if (session.identity().executable)
        event.set(audit::Field::executable_sha256, hex_encode(*session.identity().executable));
    return event;
}

http::Options vault_options(const Configuration& configuration) {
    http::Options options;
    options.host = configuration.vault_host;
    options.port = configuration.vault_port;
    options.ca_file = configuration.vault_ca;
    return options;
}

// The bridge says that a stream can't be had; here it means OpenBao.
http::Dial dial_vault(Streams& streams) {
    return [&streams](std::function<void(Result<Fd>)> answer) { streams.open("openbao", std::move(answer)); };
}

Result<crypto::TlsContext> load_node_identity(const Configuration& configuration) {
    CT_TRY(const auto certificate, read_file(configuration.node_certificate, kPem));
    CT_TRY(const SecretBuffer key, read_secret_file(configuration.node_key, kPem));
    return crypto::TlsContext::create(crypto::TlsContext::Role::client, certificate, key.bytes());
}

}  // namespace

Result<std::unique_ptr<daemon::Service>> ManagerService::create(daemon::Daemon& daemon) {
    CT_TRY(auto configuration, parse_configuration(daemon.config().root()));
    CT_TRY(auto workloads, load_workloads(configuration));
    CT_TRY(auto identity, load_node_identity(configuration));
    CT_TRY(auto seal, crypto::MemorySeal::create());
    auto service = std::make_unique<ManagerService>(daemon, std::move(configuration), std::move(workloads),
                                                    std::move(identity), std::move(seal));
    CT_CHECK(service->serve());
    return service;
}

ManagerService::ManagerService(daemon::Daemon& daemon, Configuration configuration,
                               std::shared_ptr<const Workloads> workloads, crypto::TlsContext node_identity,
                               crypto::MemorySeal seal)
    : daemon_(daemon),
      configuration_(std::move(configuration)),
      workloads_(std::move(workloads)),
      node_identity_(std::move(node_identity)),
      seal_(std::move(seal)),
      witness_(daemon.bus()),
      streams_(daemon.bus()),
      attester_(daemon.bus()),
      http_(daemon.loop(), vault_options(configuration_), dial_vault(streams_)),
      vault_(http_, configuration_.vault_namespace),
      grants_(GrantSurroundings{daemon.loop(), attester_, streams_, vault_, node_identity_, configuration_.gate_pins,
                                configuration_.step_time,
                                [this](const GrantKey& key, const Error& error) { on_grant_refused(key, error); },
                                [this](const GrantKey& key, const std::string& evidence, const std::string& record,
                                       Seconds life) { on_grant_won(key, evidence, record, life); }}),
      around_{daemon.loop(), witness_,          enforcer_, grants_,  vault_,
              http_,         best_protection(), seal_,     wanting_, configuration_.release_time} {}

Status ManagerService::serve() {
    if (around_.protection != Protection::memfd_secret)
        daemon_.set_state(daemon::State::degraded, "no memfd_secret on this kernel: boot with secretmem.enable=1");
    CT_TRY(object_, daemon_.bus().serve(kPath, interface()));
    restore_sessions();
    return {};
}

Status ManagerService::reload(const config::Document& document) {
    CT_TRY(auto next, parse_configuration(document.root()));
    if (next.vault_host != configuration_.vault_host || next.vault_port != configuration_.vault_port ||
        next.vault_ca != configuration_.vault_ca || next.vault_namespace != configuration_.vault_namespace ||
        next.node_certificate != configuration_.node_certificate || next.node_key != configuration_.node_key)
        return fail(Reason::config_invalid,
                    "[openbao] and the node's identity change with a restart, not with a reload");
    CT_TRY(auto workloads, load_workloads(next));
    grants_.set_gate_pins(next.gate_pins);
    around_.release_time = next.release_time;
    configuration_ = std::move(next);
    workloads_ = std::move(workloads);
    return {};
}

bus::Interface ManagerService::interface() {
    bus::Interface rows(kInterface);
    // Anyone may ask: who may open which workload is the workload's own rule, checked against what the kernel says.
    rows.method({.name = "OpenSession",
                 .in = "sha{sv}",
                 .in_names = {"workload", "pidfd", "options"},
                 .out = "oh",
                 .out_names = {"session", "line"},
                 .access = bus::Access::anyone()},
                [this](bus::Call call) { open_session(std::move(call)); })
        .method({.name = "ListSessions",
                 .out = "a(ossutss)",
                 .out_names = {"sessions"},
                 .access = bus::Access::polkit("io.cloudtaser.secret.list")},
                [this](bus::Call call) { list_sessions(std::move(call)); })
        .method({.name = "RevokeWorkload",
                 .in = "s",
                 .in_names = {"workload"},
                 .out = "u",
                 .out_names = {"sessions"},
                 .access = bus::Access::polkit("io.cloudtaser.secret.revoke")},
                [this](bus::Call call) { revoke_workload(std::move(call)); })
        .property({"RequireAttestation", "b", bus::Emits::constant}, [](bus::Message& m) { return m.append(true); })
        .property({"RequireEnforcement", "b", bus::Emits::constant}, [](bus::Message& m) { return m.append(false); })
        .property({"Protection", "s", bus::Emits::constant},
                  [this](bus::Message& m) { return m.append(to_string(around_.protection)); })
        .signal({.name = "SessionNew", .signature = "o", .names = {"session"}})
        .signal({.name = "SessionRemoved", .signature = "os", .names = {"session", "reason"}});
    return rows;
}

// ---------------------------------------------------------------------------------------------------------- opening

Result<SessionRequest> ManagerService::read_request(bus::Call& call) {
    SessionRequest request;
    CT_TRY(const auto workload, call.read<std::string>());
    CT_TRY(request.pidfd, call.read<Fd>());
    CT_TRY(auto options, call.read_options({{"env", "a{ss}"}}));
    CT_TRY(const int pid, pidfd_pid(request.pidfd.get()));
    request.caller_uid = call.sender().uid;
    // Only root may speak for another process (the container shim does).
    if (call.sender().uid != 0 && call.sender().pid != pid)
        return fail(Reason::caller_mismatch, "the pidfd is not the caller's own process");
    const auto rules = workloads_->find(workload);
    if (rules == workloads_->end())
        return fail(Reason::workload_unknown, "no [workload." + workload + "] in " + configuration_.workloads_folder);
    request.rules = std::shared_ptr<const WorkloadRules>(workloads_, &rules->second);
    if (const auto* asked = options.get<bus::StringMap>("env")) {
        if (asked->size() + request.rules->environment.size() > limits::kSecretsPerWorkload)
            return fail(Reason::quota_exceeded, "too many secrets in one session");
        CT_TRY(request.extra_environment, parse_environment(*asked));
    }
    if (open_.of(request.caller_uid) >= limits::kSessionsPerCaller ||
        pending_.of(request.caller_uid) >= limits::kPendingPerCaller)
        return fail(Reason::quota_exceeded, "this user has too many sessions open or waiting");
    return request;
}

Result<std::map<std::string, Mapping>> ManagerService::parse_environment(const bus::StringMap& asked) const {
    std::map<std::string, Mapping> environment;
    for (const auto& [name, text] : asked) {
        if (!is_variable_name(name))
            return fail(Reason::invalid_argument, "'" + name + "' is no environment variable name");
        CT_TRY(auto ref, openbao::parse_secret_ref(text, configuration_.mounts));
        environment.emplace(name, Mapping{std::move(ref), Children::rearm});
    }
    return environment;
}

std::unique_ptr<Session> ManagerService::make_session(SessionRequest request) {
    return std::make_unique<Session>(
        around_, std::move(request),
        Session::Events{[this](Session& session) { on_live(session); },
                        [this](Session& session, const Error& error) { on_refused(session, error); },
                        [this](Session& session, const Error& why) { on_ended(session, why); }});
}

void ManagerService::open_session(bus::Call call) {
    auto request = read_request(call);
    if (!request) {
        audit::Event event(daemon_.audit(), audit::Type::session_opened);
        static_cast<void>(event.set(audit::Field::uid, call.sender().uid).failure(request.error()));
        ++daemon_.counter("sessions_refused");
        return call.fail(request.error());
    }
    request->id = next_id_++;
    const std::uint64_t id = request->id;
    Seat seat;
    seat.session = make_session(std::move(*request));
    Session& session = *seat.session;
    // The kernel says it sooner than the bus, and costs the bus nothing.
    auto gone = daemon_.loop().add_pidfd(session.process().get(), [this, id] {
        if (const auto at = seats_.find(id); at != seats_.end() && at->second.waiting) at->second.session->close();
    });
    if (!gone) return call.fail(gone.error());
    seat.process_gone = std::move(*gone);
    seat.place = open_.take(session.caller_uid());
    seat.waiting = Seat::Waiting{std::move(call), pending_.take(session.caller_uid())};
    seats_.emplace(id, std::move(seat));
    session.start();
}

void ManagerService::on_live(Session& session) {
    auto& seat = seats_.at(session.id());
    audit::Event event(daemon_.audit(), audit::Type::session_opened);
    describe(event, session)
        .set(audit::Field::count, session.payload()->entries().size())
        .set(audit::Field::round_trips, session.round_trips())
        .set(audit::Field::protection, to_string(around_.protection));
    auto done = event.success();  // what can't be recorded does not happen
    if (done) done = hand_over(seat);
    if (!done) {
        if (seat.waiting) seat.waiting->call.fail(done.error());
        seat.waiting.reset();
        return session.close();
    }
    ++daemon_.counter("sessions_opened");
    if (session.warm()) ++daemon_.counter("sessions_warm");
    daemon_.counter("read_round_trips") += session.round_trips();
    static_cast<void>(daemon_.bus().emit(kPath, kInterface, "SessionNew",
                                         [&](bus::Message& m) { return m.append(bus::ObjectPath{path_of(session)}); }));
}

Status ManagerService::hand_over(Seat& seat) {
    CT_TRY(auto ends, socket_pair());
    // First with systemd, then with the launcher: once it holds the line, a restart of ours costs it nothing.
    CT_TRY(const Fd keepsake, daemon::sealed_copy(encode(seat.session->keepsake())));
    if (const auto kept = daemon::keep_descriptors(store_name(seat.session->id()), {ends.ours.get(), keepsake.get()});
        !kept)
        log::warning("a session will not outlive a restart", kept.error());
    auto line = SessionLine::open(daemon_.loop(), *seat.session, std::move(ends.ours),
                                  [this](Session& armed, int pid) { on_armed(armed, pid); });
    if (!line) {
        daemon::drop_descriptors(store_name(seat.session->id()));
        return std::unexpected(std::move(line).error());
    }
    seat.line = std::move(*line);
    seat.process_gone.reset();  // from now on the line tells
    seat.session->forget_process();
    seat.waiting->call.reply(bus::ObjectPath{path_of(*seat.session)}, ends.theirs);
    seat.waiting.reset();
    return {};
}

// -------------------------------------------------------------------------------------------------------- after a restart

void ManagerService::restore_sessions() {
    std::uint64_t restored = 0;
    for (auto& [name, descriptors] : daemon::take_kept_descriptors()) {
        const auto restore = [&]() -> Status {
            // They come in no order that is promised.
            const auto line = std::ranges::find_if(descriptors, [](const Fd& fd) { return is_socket(fd.get()); });
            const auto memory = std::ranges::find_if(descriptors, [](const Fd& fd) { return !is_socket(fd.get()); });
            if (line == descriptors.end() || memory == descriptors.end())
                return fail(Reason::session_ended, "its other end is gone");
            CT_TRY(const auto bytes, daemon::read_sealed_copy(*memory, kKeptSize));
            CT_TRY(const auto kept, decode_kept_session(as_bytes(bytes)));
            next_id_ = std::max(next_id_, kept.id + 1);
            return restore_session(kept, std::move(*line));
        }();
        if (restore) {
            ++restored;
            continue;
        }
        daemon::drop_descriptors(name);
        if (restore.error().reason != Reason::session_ended)
            log::warning(name + " ends with the restart", restore.error());
    }
    if (restored == 0) return;
    daemon_.counter("sessions_restored") += restored;
    audit::Event event(daemon_.audit(), audit::Type::sessions_restored);
    static_cast<void>(event.set(audit::Field::count, restored).success());
}

Status ManagerService::restore_session(const KeptSession& kept, Fd line) {
    const auto rules = workloads_->find(kept.workload);
    if (rules == workloads_->end()) return fail(Reason::workload_unknown, kept.workload);
    SessionRequest request;
    request.id = kept.id;
    request.rules = std::shared_ptr<const WorkloadRules>(workloads_, &rules->second);
    request.caller_uid = kept.caller_uid;
    CT_TRY(request.extra_environment, parse_environment(kept.environment));
    Seat seat;
    seat.session = make_session(std::move(request));
    CT_CHECK(seat.session->restore(kept));
    CT_TRY(seat.line, SessionLine::open(daemon_.loop(), *seat.session, std::move(line),
                                        [this](Session& armed, int pid) { on_armed(armed, pid); }));
    seat.place = open_.take(kept.caller_uid);
    seats_.emplace(kept.id, std::move(seat));
    return {};
}

// --------------------------------------------------------------------------------------------------------- what happens

void ManagerService::on_refused(Session& session, const Error& error) {
    audit::Event event(daemon_.audit(), audit::Type::session_opened);
    if (error.reason == Reason::wrapping_token_used) event.severity(audit::Severity::alarm);
    static_cast<void>(describe(event, session).failure(error));
    ++daemon_.counter("sessions_refused");
    auto& seat = seats_.at(session.id());
    if (seat.waiting) seat.waiting->call.fail(error);
    seat.waiting.reset();
}

void ManagerService::on_ended(Session& session, const Error& why) {
    const auto at = seats_.find(session.id());
    if (at == seats_.end()) return;
    if (at->second.line) {  // it had been live
        audit::Event event(daemon_.audit(), audit::Type::session_ended);
        describe(event, session).because(why);
        static_cast<void>(event.success());
        daemon::drop_descriptors(store_name(session.id()));
        static_cast<void>(daemon_.bus().emit(kPath, kInterface, "SessionRemoved", [&](bus::Message& m) {
            return m.append_all(bus::ObjectPath{path_of(session)}, to_string(why.reason));
        }));
    }
    at->second.place = {};
    finished_.push_back(std::move(at->second));
    seats_.erase(at);
    auto sweep = daemon_.loop().add_defer([this] { finished_.clear(); });
    if (sweep) sweep_ = std::move(*sweep);
}

void ManagerService::on_armed(Session& session, int pid) {
    ++daemon_.counter("processes_armed");
    auto& seat = seats_.at(session.id());
    if (std::exchange(seat.armed, true)) return;  // one record a session; the counter has the rest
    audit::Event event(daemon_.audit(), audit::Type::secret_delivered);
    describe(event, session)
        .set(audit::Field::pid, static_cast<std::uint64_t>(pid))
        .set(audit::Field::count, session.payload()->entries().size());
    static_cast<void>(event.success());
}

void ManagerService::on_grant_refused(const GrantKey& key, const Error& error) {
    ++daemon_.counter("grants_refused");
    const bool stolen = error.reason == Reason::wrapping_token_used;
    audit::Event event(daemon_.audit(), stolen ? audit::Type::wrapping_token_reused : audit::Type::grant_obtained);
    if (stolen) event.severity(audit::Severity::alarm);
    static_cast<void>(event.set(audit::Field::workload, key.workload)
                          .set(audit::Field::uid, key.identity.uid)
                          .set(audit::Field::unit, key.identity.unit)
                          .failure(error));
    log::warning("grant for workload " + key.workload, error);
}

void ManagerService::on_grant_won(const GrantKey& key, const std::string& evidence, const std::string& record,
                                  Seconds life) {
    ++daemon_.counter("grants_won");
    audit::Event event(daemon_.audit(), audit::Type::grant_obtained);
    event.set(audit::Field::workload, key.workload)
        .set(audit::Field::uid, key.identity.uid)
        .set(audit::Field::unit, key.identity.unit)
        .set(audit::Field::evidence_kind, evidence)
        .set(audit::Field::record, record)
        .set(audit::Field::lifetime, static_cast<std::uint64_t>(life.count()));
    static_cast<void>(event.success());
}

// ------------------------------------------------------------------------------------------------------ administration

void ManagerService::list_sessions(bus::Call call) {
    auto reply = call.new_reply();
    if (!reply) return call.fail(reply.error());
    const auto fill = [&]() -> Status {
        CT_CHECK(reply->open('a', "(ossutss)"));
        for (const auto& [id, seat] : seats_) {
            const Session& session = *seat.session;
            CT_CHECK(reply->open('r', "ossutss"));
            CT_CHECK(reply->append_all(bus::ObjectPath{path_of(session)}, session.workload(),
                                       to_string(session.state()), static_cast<std::uint32_t>(session.caller_uid()),
                                       unix_seconds(session.opened()), session.evidence_kind(), session.tiers()));
            CT_CHECK(reply->close());
        }
        return reply->close();
    };
    if (auto filled = fill(); !filled) return call.fail(filled.error());
    call.send(*reply);
}

void ManagerService::revoke_workload(bus::Call call) {
    auto workload = call.read<std::string>();
    if (!workload) return call.fail(workload.error());
    audit::Event event(daemon_.audit(), audit::Type::workload_revoked);
    event.set(audit::Field::workload, *workload).set(audit::Field::caller, call.sender().uid);
    if (!workloads_->contains(*workload)) {
        const Error unknown{Reason::workload_unknown, "no such workload"};
        static_cast<void>(event.failure(unknown));
        return call.fail(unknown);
    }
    std::uint32_t closed = 0;
    for (const auto& [id, seat] : seats_) {
        if (seat.session->workload() != *workload) continue;
        seat.session->revoke();
        ++closed;
    }
    grants_.drop_workload(*workload);
    static_cast<void>(event.set(audit::Field::count, closed).success());
    call.reply(closed);
}

}  // namespace ct::secretd
