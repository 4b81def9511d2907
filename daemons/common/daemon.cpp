// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/daemon.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>

#include "audit/event.h"
#include "daemons/common/arguments.h"
#include "daemons/common/face.h"
#include "daemons/common/log.h"
#include "daemons/common/refusal.h"

namespace ct::daemon {

std::string_view to_string(State state) {
    switch (state) {
        case State::starting:
            return "starting";
        case State::ready:
            return "ready";
        case State::degraded:
            return "degraded";
        case State::stopping:
            return "stopping";
    }
    return "starting";
}

namespace {

// Refused calls that are recorded in a minute; all are counted. journald drops what comes too fast, and a stranger must not
// be able to push real events out.
constexpr int kRefusalsPerMinute = 30;

Status check_common(const config::Document& document) {
    const auto table = document.root().get("log");
    if (!table) return {};
    CT_CHECK(table->only({"level"}));
    if (const auto node = table->get("level")) {
        CT_TRY(const std::string word, node->as_string());
        if (!log::level_from(word)) return node->error("expected err, warning, notice, info or debug");
    }
    return {};
}

void apply_log_level(const config::Document& document, const Arguments& arguments) {
    if (arguments.log_level) return log::set_level(*arguments.log_level);
    const auto table = document.root().get("log");
    const auto node = table ? table->get("level") : std::nullopt;
    const auto word = node ? node->as_string() : Result<std::string>("info");
    log::set_level(log::level_from(word.value_or("info")).value_or(log::Level::info));
}

Result<config::Document> load(const Spec& spec, const Arguments& arguments, const Check& check) {
    auto document = config::Document::load(arguments.config_file);
    if (!document && document.error().reason == Reason::config_missing && !spec.config_required &&
        !arguments.config_given)
        document = config::Document::parse("", arguments.config_file);
    if (!document) return document;
    CT_CHECK(check_common(*document));
    CT_CHECK(check(*document));
    return document;
}

class Running final : public Daemon {
public:
    Running(const Spec& spec, const Arguments& arguments, const Check& check, config::Document document, EventLoop loop)
        : spec_(spec), arguments_(arguments), check_(check), document_(std::move(document)), loop_(std::move(loop)) {
        posture_.state = to_string(State::starting);
        // Present from the start, so that a reader of Counters can tell zero from unknown.
        counter("calls_refused");
    }

    EventLoop& loop() override { return loop_; }
    bus::Connection& bus() override { return *bus_; }
    audit::Sink& audit() override { return *audit_; }
    const Spec& spec() const override { return spec_; }
    const config::Document& config() const override { return document_; }
    std::uint64_t& counter(const std::string& name) override { return posture_.counters[name]; }

    void set_state(State state, const std::string& reason) override {
        const std::string word(to_string(state));
        if (posture_.state == word && posture_.reason == reason) return;
        posture_.state = word;
        posture_.reason = reason;
        if (served_)
            if (const auto status = bus_->emit_changed(spec_.object, kDaemonInterface, {"State", "Reason"}); !status)
                log::debug("announcing a state: " + status.error().to_string());
        sd_notifyf(0, "STATUS=%s%s%s", word.c_str(), reason.empty() ? "" : ": ", reason.c_str());
    }

    void stop(int code) override {
        set_state(State::stopping, "");
        sd_notify(0, "STOPPING=1");
        loop_.exit(code);
    }

    Result<int> run(const Setup& setup) {
        CT_TRY(audit_, audit::open_sink(document_.root().get("audit"), spec_.name));
        CT_CHECK(loop_.enable_watchdog());
        CT_CHECK(listen_to_signals());
        CT_TRY(bus_, bus::Connection::open_system(spec_.name));
        CT_CHECK(bus_->on_closed([this] {
            log::error("the system bus is gone");
            loop_.exit(1);
        }));
        bus_->on_refused([this](const bus::Call& call, const Error& error) { record_refusal(call, error); });
        CT_TRY(service_, setup(*this));
        CT_TRY(face_, bus_->serve(spec_.object, daemon_interface(posture_, [this] { return reload(); })));
        CT_TRY(log_control_, bus_->serve(kLogControlPath, log_control_interface()));
        served_ = true;
        CT_CHECK(bus_->attach(loop_));

        audit::Event started(*audit_, audit::Type::daemon_started);
        started.set(audit::Field::version, CT_VERSION);
        if (const auto written = started.success(); !written) {
            log::warning("audit", written.error());
            set_state(State::degraded, "audit_unavailable");
        }
        if (posture_.state == to_string(State::starting)) set_state(State::ready, "");
        // Last: a caller whose call activated this daemon is answered from a complete one.
        CT_CHECK(bus_->request_name(spec_.bus_name));
        sd_notify(0, "READY=1");
        log::info("version " CT_VERSION " is " + posture_.state);

        CT_TRY(const int code, loop_.run());
        (void)audit::Event(*audit_, audit::Type::daemon_stopping).success();
        return code;
    }

private:
    Status listen_to_signals() {
        for (const int signal : {SIGTERM, SIGINT}) {
            CT_TRY(Source source, loop_.add_signal(signal, [this] { stop(0); }));
            sources_.push_back(std::move(source));
        }
        CT_TRY(Source hangup, loop_.add_signal(SIGHUP, [this] {
            if (const auto status = reload(); !status) log::error("reload", status.error());
        }));
        sources_.push_back(std::move(hangup));
        return {};
    }

    Status reload() {
        sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
                   static_cast<unsigned long long>(loop_.now().time_since_epoch().count()));
        audit::Event event(*audit_, audit::Type::configuration_loaded);
        event.set(audit::Field::file, arguments_.config_file);
        const Status status = take_over();
        sd_notify(0, "READY=1");
        if (!status) {
            (void)event.failure(status.error());
            return status;
        }
        if (const auto written = event.success(); !written) log::warning("audit", written.error());
        log::notice("configuration reloaded");
        return {};
    }

    Status take_over() {
        CT_TRY(config::Document document, load(spec_, arguments_, check_));
        CT_CHECK(service_->reload(document));
        document_ = std::move(document);
        apply_log_level(document_, arguments_);
        return {};
    }

    void record_refusal(const bus::Call& call, const Error& error) {
        ++counter("calls_refused");
        const auto now = loop_.now();
        if (now - refusals_since_ > std::chrono::minutes(1)) {
            refusals_since_ = now;
            refusals_ = 0;
        }
        if (++refusals_ > kRefusalsPerMinute) return;
        audit::Event event(*audit_, audit::Type::access_refused);
        event.set(audit::Field::uid, call.sender().uid).set(audit::Field::caller, call.sender().name);
        event.set(audit::Field::pid, static_cast<std::uint64_t>(call.sender().pid));
        event.set(audit::Field::member, call.member());
        (void)event.failure(error);
    }

    // Destroyed from the last to the first: the parts before what they use.
    const Spec& spec_;
    const Arguments& arguments_;
    const Check& check_;
    config::Document document_;
    EventLoop loop_;
    Posture posture_;
    std::unique_ptr<audit::Sink> audit_;
    std::vector<Source> sources_;
    std::optional<bus::Connection> bus_;
    bool served_ = false;
    bus::Slot face_, log_control_;
    std::unique_ptr<Service> service_;
    BootTime refusals_since_{};
    int refusals_ = 0;
};

// Also where the unit is not: a daemon started by hand keeps its promises.
void restrict_process(const Spec& spec) {
    if (spec.undumpable) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    constexpr rlimit kNone{0, 0};
    ::setrlimit(RLIMIT_CORE, &kNone);
    ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int run(int argc, char** argv, const Spec& spec, const Check& check, const Setup& setup) {
    log::open(spec.name);
    const auto arguments = parse_arguments(argc, argv, spec);
    if (!arguments) {
        std::fprintf(stderr, "%s: %s\nTry '%s --help'.\n", spec.name, arguments.error().context.c_str(), spec.name);
        return 2;
    }
    if (arguments->help) return std::fputs(help_text(spec).c_str(), stdout) < 0 ? 1 : 0;
    if (arguments->version) return std::printf("%s %s\n", spec.name, CT_VERSION) < 0 ? 1 : 0;

    restrict_process(spec);
    auto document = load(spec, *arguments, check);
    if (arguments->check_config) {
        if (document) return std::printf("%s: valid\n", arguments->config_file.c_str()) < 0 ? 1 : 0;
        std::fprintf(stderr, "%s\n", document.error().to_string().c_str());
        return 1;
    }
    auto loop = EventLoop::create();
    if (!loop) {
        log::error("start", loop.error());
        return 1;
    }
    if (!document) {
        log::error("configuration", document.error());
        // Not configured yet is no failure of a unit; configured wrongly is one.
        if (document.error().reason != Reason::config_missing) return refuse_and_leave(*loop, spec, document.error());
        return refuse_until_configured(*loop, spec, document.error(), [&]() -> Status {
            CT_TRY(const auto now, load(spec, *arguments, check));
            static_cast<void>(now);
            return {};
        });
    }
    apply_log_level(*document, *arguments);
    std::optional<Running> daemon(std::in_place, spec, *arguments, check, std::move(*document), std::move(*loop));
    const auto code = daemon->run(setup);
    if (code) return *code;
    log::error("start", code.error());
    daemon.reset();
    if (auto fresh = EventLoop::create()) return refuse_and_leave(*fresh, spec, code.error());
    return 1;
}

}  // namespace ct::daemon
