// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/service.h"

#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "attest/collateral/bundle.h"
#include "attest/judge/policy_bundle.h"
#include "audit/event.h"
#include "codec/hex.h"
#include "daemons/common/log.h"

namespace ct::gate {
namespace {

constexpr const char* kPath = "/io/cloudtaser/Gate1";
constexpr const char* kInterface = "io.cloudtaser.Gate1.Manager";
constexpr std::size_t kPem = 64 << 10;
constexpr Seconds kCertificateWarning = std::chrono::hours{24 * 14};
constexpr Seconds kCollateralWarning = std::chrono::hours{24 * 3};
constexpr std::size_t kMostDefaultJudges = 16;
// How late a certificate's or a bundle's coming end may be told.
constexpr Millis kLook = std::chrono::hours{1};

using Identity = std::shared_ptr<const crypto::TlsContext>;

Result<Identity> load_identity(const Settings& settings) {
    CT_TRY(const auto certificate, read_file(settings.certificate, kPem));
    CT_TRY(const auto key, read_secret_file(settings.key, kPem));
    CT_TRY(auto context, crypto::TlsContext::create(crypto::TlsContext::Role::server, certificate, key.bytes()));
    return std::make_shared<const crypto::TlsContext>(std::move(context));
}

Status record_policy(audit::Sink& sink, const Rules& rules) {
    audit::Event event(sink, audit::Type::policy_loaded);
    event.set(audit::Field::policy_epoch, rules.policy.epoch())
        .set(audit::Field::policy_hash, hex_encode(rules.policy.hash()))
        .set(audit::Field::count, rules.policy.workloads().size());
    if (const auto* makers = rules.policy.makers())
        event.set(audit::Field::collateral_hash, hex_encode(makers->hash))
            .set(audit::Field::collateral_serial, makers->serial);
    return event.success();
}

Status raise_serials(Serials& serials, const Rules& rules) {
    if (rules.policy_serial) CT_CHECK(serials.raise(judge::kPolicyPurpose, *rules.policy_serial, rules.policy.hash()));
    if (const auto* makers = rules.policy.makers())
        return serials.raise(attest::kCollateralPurpose, makers->serial, makers->hash);
    return {};
}

std::uint64_t seconds_since_1970(WallTime time) {
    return static_cast<std::uint64_t>(std::chrono::floor<Seconds>(time).time_since_epoch().count());
}

// What is wrong with the collateral, or soon will be.
std::string collateral_trouble(const judge::Makers* makers, WallTime now) {
    if (makers == nullptr) return {};
    const auto left = std::chrono::floor<Seconds>(makers->until - now);
    if (left < Seconds{0}) return "the collateral bundle has ended: kinds that need it are refused";
    if (left >= kCollateralWarning) return {};
    return "the collateral bundle ends in " + std::to_string(left / std::chrono::hours{1}) + " hours";
}

// One a core that we may use.
std::size_t default_judges() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    return static_cast<std::size_t>(std::max(CPU_COUNT(&cores), 1));
}

Result<std::string> beside_this_program(const std::string& name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail_errno(Reason::io_failed, "/proc/self/exe", error.value());
    return (self.parent_path() / name).native();
}

}  // namespace

Status GateService::check(const config::Document& document) {
    CT_TRY(const auto settings, parse_settings(document.root()));
    CT_TRY(const auto serials, Serials::load(settings.state_folder));
    CT_TRY(const auto rules, load_rules(settings, document.root(), serials));
    CT_TRY(const auto identity, load_identity(settings));
    return {};
}

Result<std::unique_ptr<daemon::Service>> GateService::create(daemon::Daemon& daemon) {
    CT_TRY(auto settings, parse_settings(daemon.config().root()));
    CT_TRY(auto serials, Serials::load(settings.state_folder));
    CT_TRY(auto rules, load_rules(settings, daemon.config().root(), serials));
    CT_CHECK(raise_serials(serials, *rules));
    CT_TRY(auto identity, load_identity(settings));
    CT_TRY(auto records, RecordStore::open(settings.records));
    auto service = std::make_unique<GateService>(daemon, std::move(settings), std::move(rules), std::move(records));
    CT_TRY(auto minter, service->make_minter(service->settings_.vault));
    CT_CHECK(service->start(std::move(identity), std::move(minter)));
    return service;
}

GateService::GateService(daemon::Daemon& daemon, Settings settings, std::shared_ptr<const Rules> rules,
                         RecordStore records)
    : daemon_(daemon),
      settings_(std::move(settings)),
      rules_(std::move(rules)),
      recorder_(daemon.loop(), daemon.audit(), std::move(records)),
      around_{.loop = daemon.loop(),
              .judge = [this]() -> Judge& { return *judges_; },
              .recorder = recorder_,
              .input = input_,
              .seen = seen_,
              .rules = [this] { return rules_; },
              .minter = [this]() -> std::shared_ptr<Minter> { return minter_; },
              .announce = [this](const action::Announce& said, const std::string& address) { announce(said, address); },
              .handshake_failed =
                  [this](const Error& error, const std::string& address) {
                      ++daemon_.counter("handshakes_failed");
                      log_peer(handshake_lines_, "no TLS with " + address, error);
                  }},
      ender_(
          daemon.loop(), daemon.audit(),
          [this](const std::string& trouble) {
              if (trouble == lease_trouble_) return;
              lease_trouble_ = trouble;
              show_state();
          },
          daemon.counter("leases_ended")),
      server_(around_, daemon.counter("connections_refused")) {}

Result<std::shared_ptr<VaultMinter>> GateService::make_minter(const VaultSettings& settings) {
    return VaultMinter::create(daemon_.loop(), settings, [this](const std::string& trouble) {
        if (trouble == vault_trouble_) return;
        vault_trouble_ = trouble;
        show_state();
    });
}

Status GateService::start_judges() {
    const auto processes = settings_.judges != 0 ? settings_.judges : std::min(default_judges(), kMostDefaultJudges);
    CT_TRY(auto program, beside_this_program("cloudtaser-judge"));
    CT_TRY(judges_, JudgePool::start(
                        daemon_.loop(), {.program = std::move(program), .processes = processes},
                        [this](const std::string& trouble) {
                            if (!trouble.empty()) log::warning(trouble);
                            judge_trouble_ = trouble;
                            show_state();
                        },
                        daemon_.counter("judge_deaths")));
    return {};
}

Status GateService::start(Identity identity, std::shared_ptr<VaultMinter> minter) {
    CT_CHECK(start_judges());
    restore_leases();
    CT_CHECK(record_policy(daemon_.audit(), *rules_));
    CT_CHECK(server_.listen(settings_));
    adopt(rules_, std::move(identity), std::move(minter));
    CT_TRY(object_, daemon_.bus().serve(kPath, interface()));
    return {};
}

void GateService::adopt(std::shared_ptr<const Rules> rules, Identity identity, std::shared_ptr<VaultMinter> minter) {
    rules_ = std::move(rules);
    identity_ = std::move(identity);
    server_.use_identity(identity_);
    if (minter) {
        minter_ = std::move(minter);
        minter_->start();
        ender_.use(minter_);
    }
    ender_.end(leases_.review(*rules_, daemon_.loop().wall_now()));
    watch_state();
    log::notice("policy epoch " + std::to_string(rules_->policy.epoch()) + ", hash " +
                hex_encode(rules_->policy.hash()) + ", " + std::to_string(rules_->policy.workloads().size()) +
                " workloads, " + std::to_string(rules_->nodes.names()) + " nodes, key " +
                hex_encode(identity_->own_spki()));
}

Status GateService::reload(const config::Document& document) {
    CT_TRY(auto settings, parse_settings(document.root()));
    CT_TRY(auto serials, Serials::load(settings.state_folder));
    CT_TRY(auto rules, load_rules(settings, document.root(), serials));
    CT_TRY(auto identity, load_identity(settings));
    std::optional<RecordStore> records;
    if (settings.records != settings_.records) {
        CT_TRY(records, RecordStore::open(settings.records));
    }
    // Also when the settings are the same: the credential behind them may be a new one.
    CT_TRY(auto minter, make_minter(settings.vault));
    CT_CHECK(raise_serials(serials, *rules));
    CT_CHECK(record_policy(daemon_.audit(), *rules));
    CT_CHECK(server_.listen(settings));
    if (records) recorder_.replace(std::move(*records));
    settings_ = std::move(settings);
    adopt(std::move(rules), std::move(identity), std::move(minter));
    (void)daemon_.bus().emit_changed(
        kPath, kInterface, {"Listeners", "PolicyEpoch", "PolicyHash", "CollateralSerial", "CollateralEnds", "Nodes"});
    return {};
}

// One line about the worst of what is wrong.
void GateService::show_state() {
    std::string trouble = judge_trouble_.empty() ? vault_trouble_ : judge_trouble_;
    if (trouble.empty()) trouble = lease_trouble_;
    if (trouble.empty() && daemon_.loop().wall_now() < restore_trouble_ends_) trouble = restore_trouble_;
    const auto collateral = collateral_trouble(rules_->policy.makers(), daemon_.loop().wall_now());
    if (!collateral.empty()) trouble = collateral;
    const auto left = std::chrono::floor<Seconds>(identity_->own_not_after() - daemon_.loop().wall_now());
    if (left < Seconds{0})
        trouble = "the gate's certificate has expired: nodes refuse it";
    else if (left < kCertificateWarning && trouble.empty())
        trouble = "the gate's certificate ends in " + std::to_string(left / std::chrono::hours{1}) + " hours";
    const auto ready = recorder_.files().ready(daemon_.loop().wall_now());
    if (!ready) trouble = ready.error().to_string();
    daemon_.set_state(trouble.empty() ? daemon::State::ready : daemon::State::degraded, trouble);
}

void GateService::watch_state() {
    show_state();
    const auto trouble_left = std::chrono::ceil<Millis>(restore_trouble_ends_ - daemon_.loop().wall_now());
    const auto look = trouble_left > Millis{0} ? std::min(trouble_left, kLook) : kLook;
    auto timer = daemon_.loop().add_timer(look, [this] { watch_state(); });
    if (timer) state_timer_ = std::move(*timer);
}

// What was released before a restart and may still live.
void GateService::restore_leases() {
    const auto now = daemon_.loop().wall_now();
    std::size_t lost = 0;
    recorder_.files().each_live_release(now, [&](const RecordStore::LiveRelease& release) {
        const auto restored = restore_lease(release.bytes, now);
        if (restored) return;
        log::error("the record of a release that may still live: " + release.path, restored.error());
        restore_trouble_ends_ = std::max(restore_trouble_ends_, release.end);
        restore_trouble_ =
            "records of releases that may still live cannot be read, so what they released is not ended "
            "before its time: " +
            std::to_string(++lost) + ", the last one " + release.path;
    });
}

Status GateService::restore_lease(const Result<std::string>& record, WallTime now) {
    if (!record) return std::unexpected(record.error());
    CT_TRY(const auto decoded, judge::decode_record(as_bytes(*record)));
    CT_TRY(auto lease, lease_of(decoded));
    if (lease) ender_.end(leases_.add(std::move(*lease), now));
    return {};
}

void GateService::log_peer(LineAllowance& lines, const std::string& what, const Error& why) {
    const auto left_out = lines.take(std::chrono::duration<double>(daemon_.loop().now().time_since_epoch()).count());
    if (!left_out) return;
    if (*left_out > 0) log::info(std::to_string(*left_out) + " lines like the next one were left out");
    log::write(log::Level::info, what, why);
}

void GateService::announce(const action::Announce& said, const std::string& address) {
    const auto& verdict = said.verdict;
    if (verdict.released)
        ender_.end(leases_.add(lease_of(said.decision, said.node_spki, verdict.accessor, verdict.record),
                               daemon_.loop().wall_now()));
    ++daemon_.counter(verdict.released ? "releases" : "refusals");
    daemon_.counter("records_dropped") = recorder_.files().dropped();
    daemon_.counter("refusals_unrecorded") = recorder_.unrecorded();
    if (!verdict.released)
        log_peer(refusal_lines_, "refused " + (verdict.node.empty() ? address : verdict.node),
                 {verdict.reason, verdict.detail, 0});
    if (verdict.reason == Reason::audit_unavailable && !verdict.released) show_state();
    const auto sent = daemon_.bus().emit(kPath, kInterface, "Verdict", [&](bus::Message& signal) {
        return signal.append_all(verdict.workload, verdict.released,
                                 verdict.released ? std::string() : std::string(to_string(verdict.reason)),
                                 verdict.kinds, verdict.record);
    });
    if (!sent) log::warning("Verdict signal", sent.error());
}

void GateService::list_nodes(bus::Call call) {
    auto reply = call.new_reply();
    if (!reply) return call.fail(reply.error());
    const auto fill = [&]() -> Status {
        CT_CHECK(reply->open('a', "(sss)"));
        for (const auto& [key, node] : rules_->nodes.by_key()) {
            CT_CHECK(reply->open('r', "sss"));
            CT_CHECK(reply->append_all(node.name, hex_encode(key), std::string(node.revoked ? "revoked" : "enrolled")));
            CT_CHECK(reply->close());
        }
        return reply->close();
    };
    if (const auto status = fill(); !status) return call.fail(status.error());
    call.send(*reply);
}

bus::Interface GateService::interface() {
    bus::Interface rows(kInterface);
    rows.method({.name = "ListNodes",
                 .out = "a(sss)",
                 .out_names = {"nodes"},
                 .access = bus::Access::polkit("io.cloudtaser.gate.list")},
                [this](bus::Call call) { list_nodes(std::move(call)); })
        .property({.name = "Listeners", .signature = "as", .emits = bus::Emits::change},
                  [this](bus::Message& reply) { return reply.append(server_.addresses()); })
        .property({.name = "Fingerprint", .signature = "s"},
                  [this](bus::Message& reply) { return reply.append(hex_encode(identity_->own_spki())); })
        .property({.name = "PolicyEpoch", .signature = "t", .emits = bus::Emits::change},
                  [this](bus::Message& reply) { return reply.append(rules_->policy.epoch()); })
        .property({.name = "PolicyHash", .signature = "s", .emits = bus::Emits::change},
                  [this](bus::Message& reply) { return reply.append(hex_encode(rules_->policy.hash())); })
        .property({.name = "CollateralSerial", .signature = "t", .emits = bus::Emits::change},
                  [this](bus::Message& reply) {
                      const auto* makers = rules_->policy.makers();
                      return reply.append(makers == nullptr ? std::uint64_t{0} : makers->serial);
                  })
        .property({.name = "CollateralEnds", .signature = "t", .emits = bus::Emits::change},
                  [this](bus::Message& reply) {
                      const auto* makers = rules_->policy.makers();
                      return reply.append(makers == nullptr ? std::uint64_t{0} : seconds_since_1970(makers->until));
                  })
        .property(
            {.name = "Nodes", .signature = "u", .emits = bus::Emits::change},
            [this](bus::Message& reply) { return reply.append(static_cast<std::uint32_t>(rules_->nodes.names())); })
        .property({.name = "Leases", .signature = "u"},
                  [this](bus::Message& reply) {
                      leases_.expire(daemon_.loop().wall_now());
                      return reply.append(static_cast<std::uint32_t>(leases_.size()));
                  })
        .property(
            {.name = "Connections", .signature = "u"},
            [this](bus::Message& reply) { return reply.append(static_cast<std::uint32_t>(server_.connections())); })
        .signal(
            {.name = "Verdict", .signature = "sbsss", .names = {"workload", "granted", "reason", "kinds", "record"}});
    return rows;
}

}  // namespace ct::gate
