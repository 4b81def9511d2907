// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/service.h"

#include <algorithm>

#include "audit/event.h"
#include "daemons/attestd/sealed.h"
#include "daemons/common/log.h"

namespace ct::attestd {
namespace {

constexpr const char* kPath = "/io/cloudtaser/Attest1";
constexpr const char* kInterface = "io.cloudtaser.Attest1.Manager";

Status status_of(const Result<Bytes>& result) {
    if (result) return {};
    return std::unexpected(result.error());
}

}  // namespace

AttestService::AttestService(daemon::Daemon& daemon)
    : daemon_(daemon),
      core_({}),
      produced_(daemon.counter("evidence_produced")),
      failed_(daemon.counter("evidence_failed")) {}

Result<std::unique_ptr<daemon::Service>> AttestService::create(daemon::Daemon& daemon) {
    CT_TRY(const Settings settings, parse_settings(daemon.config().root()));
    auto service = std::make_unique<AttestService>(daemon);
    CT_TRY(service->worker_, Worker::start(daemon.loop()));
    CT_CHECK(service->serve());
    service->take_over(settings);
    return service;
}

Status AttestService::serve() {
    const auto callers = bus::Access::only({"cloudtaser-secret"});
    bus::Interface rows(kInterface);
    rows.method({.name = "Introduce",
                 .in = "s",
                 .in_names = {"kind"},
                 .out = "ay",
                 .out_names = {"introduction"},
                 .access = callers},
                [this](bus::Call call) { introduce(std::move(call)); })
        .method({.name = "GetEvidence",
                 .in = "sayaya{sv}",
                 .in_names = {"kind", "binding", "request", "options"},
                 .out = "hts",
                 .out_names = {"evidence", "size", "media_type"},
                 .access = callers},
                [this](bus::Call call) { get_evidence(std::move(call)); })
        .property({"Kinds", "as", bus::Emits::change},
                  [this](bus::Message& reply) { return reply.append(core_.kinds()); })
        .property({"Primary", "s", bus::Emits::change},
                  [this](bus::Message& reply) { return reply.append(core_.primary()); })
        .property({"Fingerprints", "a{ss}", bus::Emits::change},
                  [this](bus::Message& reply) { return reply.append(fingerprints_); });
    CT_TRY(object_, daemon_.bus().serve(kPath, rows));
    return {};
}

void AttestService::take_over(const Settings& settings) {
    idle_release_ = settings.idle_release;
    fingerprints_.clear();
    auto collectors = std::make_shared<Collectors>();
    std::vector<Core::Kind> kinds;
    for (Device& device : devices_of(settings)) {
        const std::string kind(device.collector->kind());
        if (device.simulated) log::warning(kind + ": a simulated device, which proves nothing of this machine");
        kinds.push_back({kind, device.expected, device.there()});
        collectors->emplace(kind, std::move(device));
    }
    core_ = Core(kinds);
    // The old ones hold a device: they end where they lived.
    if (collectors_) {
        worker_->post([old = std::move(collectors_)]() mutable -> Worker::Completion {
            old.reset();
            return {};
        });
    }
    collectors_ = std::move(collectors);
    for (const Core::Kind& kind : kinds)
        probe(kind.word);
    daemon_.set_state(core_.trouble().empty() ? daemon::State::ready : daemon::State::degraded, core_.trouble());
}

Status AttestService::reload(const config::Document& document) {
    CT_TRY(const Settings settings, parse_settings(document.root()));
    take_over(settings);
    return {};
}

void AttestService::probe(const std::string& kind) {
    if (!core_.admit(kind)) return;  // others are at the device already, and tell as much
    worker_->post([this, kind, collectors = collectors_]() -> Worker::Completion {
        const Device& device = collectors->at(kind);
        Result<bus::StringMap> keys = fail(Reason::evidence_device_absent, device.file);
        if (device.there()) keys = device.collector->fingerprints();
        return [this, kind, collectors, keys = std::move(keys)] {
            if (collectors != collectors_) return;
            if (keys) {
                for (const auto& [role, fingerprint] : *keys)
                    fingerprints_[kind + "." + role] = fingerprint;
                static_cast<void>(daemon_.bus().emit_changed(kPath, kInterface, {"Fingerprints"}));
            }
            finish(kind, keys ? Status{} : std::unexpected(keys.error()));
        };
    });
}

void AttestService::introduce(bus::Call call) {
    auto kind = call.read<std::string>();
    if (!kind) return call.fail(kind.error());
    if (const Status admitted = core_.admit(*kind); !admitted) return call.fail(admitted.error());
    worker_->post([this, call, kind = *kind, collectors = collectors_]() -> Worker::Completion {
        auto introduction = collectors->at(kind).collector->introduction();
        return [this, call, kind, collectors, introduction = std::move(introduction)]() mutable {
            if (collectors == collectors_) finish(kind, status_of(introduction));
            if (!introduction) return call.fail(introduction.error());
            call.reply(*introduction);
        };
    });
}

void AttestService::get_evidence(bus::Call call) {
    auto kind = call.read<std::string>();
    auto binding = kind ? call.read<Bytes>() : std::unexpected(kind.error());
    auto request = binding ? call.read<Bytes>() : std::unexpected(binding.error());
    if (!request) return call.fail(request.error());
    if (auto options = call.read_options({}); !options) return call.fail(options.error());
    if (const Status admitted = core_.admit_evidence(*kind, binding->size(), request->size()); !admitted) {
        return call.fail(admitted.error());
    }
    Sha512 over{};
    std::ranges::copy(*binding, over.begin());
    worker_->post([this, call, over, kind = *kind, request = std::move(*request),
                   collectors = collectors_]() -> Worker::Completion {
        auto evidence = collectors->at(kind).collector->collect(request, over);
        return [this, call, kind, collectors, evidence = std::move(evidence)]() mutable {
            if (collectors == collectors_) finish(kind, status_of(evidence));
            deliver(kind, call, std::move(evidence));
        };
    });
}

void AttestService::deliver(const std::string& kind, bus::Call call, Result<Bytes> evidence) {
    audit::Event event(daemon_.audit(), audit::Type::evidence_produced);
    event.set(audit::Field::evidence_kind, kind).set(audit::Field::uid, static_cast<std::uint64_t>(call.sender().uid));
    const auto refuse = [&](const Error& error) {
        ++failed_;
        static_cast<void>(event.failure(error));
        call.fail(error);
    };
    if (!evidence) return refuse(evidence.error());
    const auto sealed = sealed_memfd("cloudtaser-evidence", *evidence);
    if (!sealed) return refuse(sealed.error());
    if (const Status recorded = event.success(); !recorded) return call.fail(recorded.error());
    ++produced_;
    call.reply(*sealed, static_cast<std::uint64_t>(evidence->size()),
               "application/vnd.cloudtaser.evidence." + kind + "+cbor");
}

void AttestService::finish(const std::string& kind, const Status& status) {
    const std::string before = core_.trouble();
    if (core_.finished(kind, status)) {
        static_cast<void>(daemon_.bus().emit_changed(kPath, kInterface, {"Kinds", "Primary"}));
    }
    if (const std::string trouble = core_.trouble(); trouble != before) {
        if (!trouble.empty()) log::warning(trouble);
        daemon_.set_state(trouble.empty() ? daemon::State::ready : daemon::State::degraded, trouble);
    }
    arm_timers();
}

void AttestService::arm_timers() {
    idle_timer_.reset();
    if (idle_release_ && core_.idle()) {
        auto timer = daemon_.loop().add_timer(*idle_release_, [this] { release_devices(); });
        if (timer) idle_timer_ = std::move(*timer);
    }
    probe_timer_.reset();
    if (!core_.absent().empty()) {
        auto timer = daemon_.loop().add_timer(Core::kProbeAgain, [this] {
            for (const std::string& kind : core_.absent())
                probe(kind);  // each ends in finish(), which arms again
        });
        if (timer) probe_timer_ = std::move(*timer);
    }
}

void AttestService::release_devices() {
    worker_->post([collectors = collectors_]() -> Worker::Completion {
        for (const auto& [kind, device] : *collectors)
            device.collector->release();
        return {};
    });
}

}  // namespace ct::attestd
