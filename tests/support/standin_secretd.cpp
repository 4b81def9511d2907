// SPDX-License-Identifier: Apache-2.0
#include "support/standin_secretd.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include "base/secret_memory.h"
#include "bus/connection.h"

namespace ct::test {

struct StandInSecretd::Service {
    // Shared with the test, under the mutex.
    mutable std::mutex mutex;
    std::condition_variable changed;
    Secrets secrets;
    std::optional<Error> session_error, arming_error;
    bool held = false;
    std::string last_workload;
    bus::StringMap last_asked;
    int armed = 0, lines_open = 0;
    std::optional<Status> started;
    std::vector<std::function<void()>> posted;

    // The thread's own.
    std::optional<EventLoop> loop;
    std::optional<bus::Connection> connection;
    bus::Slot object;
    struct Line {
        bus::Connection connection;
        bus::Slot object;
    };
    std::list<Line> lines;
    std::vector<bus::Call> waiting;
    Fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    Source wake_source, removal;
    std::thread thread;

    void post(std::function<void()> action) {
        const std::scoped_lock lock(mutex);
        posted.push_back(std::move(action));
        const std::uint64_t one = 1;
        static_cast<void>(write_all(wake.get(), &one, sizeof one));
    }
    void run_posted() {
        std::uint64_t count = 0;
        static_cast<void>(::read(wake.get(), &count, sizeof count) < 0);
        std::vector<std::function<void()>> actions;
        {
            const std::scoped_lock lock(mutex);
            actions = std::exchange(posted, {});
        }
        for (auto& action : actions)
            action();
    }

    Status prepare() {
        CT_TRY(loop, EventLoop::create());
        CT_TRY(wake_source, loop->add_io(wake.get(), EPOLLIN, [this](std::uint32_t) { run_posted(); }));
        CT_TRY(connection, bus::Connection::open_system("stand-in-secretd"));
        CT_CHECK(connection->attach(*loop));
        bus::Interface rows("io.cloudtaser.Secret1.Manager");
        rows.method({.name = "OpenSession",
                     .in = "sha{sv}",
                     .in_names = {"workload", "pidfd", "options"},
                     .out = "oh",
                     .out_names = {"session", "line"},
                     .access = bus::Access::anyone()},
                    [this](bus::Call call) { open_session(std::move(call)); });
        CT_TRY(object, connection->serve("/io/cloudtaser/Secret1", rows));
        return connection->request_name("io.cloudtaser.Secret1");
    }
    void run() {
        Status status = prepare();
        const bool good = status.has_value();
        {
            const std::scoped_lock lock(mutex);
            started = std::move(status);
            changed.notify_all();
        }
        if (good) static_cast<void>(loop->run());
        waiting.clear();
        lines.clear();
        object.reset();
        connection.reset();
        wake_source.reset();
        removal.reset();
        loop.reset();
    }

    void open_session(bus::Call call) {
        auto workload = call.read<std::string>();
        auto pidfd = call.read<Fd>();
        auto options = call.read_options({{"env", "a{ss}"}});
        if (!workload || !pidfd || !options) return call.fail({Reason::invalid_argument, "OpenSession", 0});
        std::optional<Error> error;
        {
            const std::scoped_lock lock(mutex);
            last_workload = *workload;
            const auto* asked = options->get<bus::StringMap>("env");
            last_asked = asked != nullptr ? *asked : bus::StringMap{};
            error = session_error;
        }
        if (error) return call.fail(*error);
        auto pair = socket_pair();
        if (!pair) return call.fail(pair.error());
        if (auto served = serve_line(std::move(pair->ours)); !served) return call.fail(served.error());
        call.reply(bus::ObjectPath{"/io/cloudtaser/Secret1/session/1"}, pair->theirs);
    }

    Status serve_line(Fd socket) {
        CT_TRY(auto peer, bus::Connection::serve_peer(std::move(socket)));
        Line& line = lines.emplace_back(std::move(peer), bus::Slot());
        CT_CHECK(line.connection.attach(*loop));
        CT_CHECK(line.connection.on_closed([this, &line] { post([this, &line] { drop(line); }); }));
        bus::Interface rows("io.cloudtaser.Secret1.Session");
        rows.method({.name = "Arm",
                     .in = "ha{sv}",
                     .in_names = {"pidfd", "options"},
                     .out = "hta(sttb)",
                     .out_names = {"page", "size", "entries"},
                     .access = bus::Access::anyone(),
                     .sensitive = true},
                    [this](bus::Call call) { arm(std::move(call)); });
        CT_TRY(line.object, line.connection.serve("/io/cloudtaser/Secret1/session", rows));
        count_lines();
        return {};
    }
    void drop(const Line& gone) {
        lines.remove_if([&](const Line& line) { return &line == &gone; });
        count_lines();
    }
    void count_lines() {
        const std::scoped_lock lock(mutex);
        lines_open = static_cast<int>(lines.size());
        changed.notify_all();
    }

    void arm(bus::Call call) {
        {
            const std::scoped_lock lock(mutex);
            if (held) {
                waiting.push_back(std::move(call));
                return;
            }
        }
        if (auto reply = armed_reply(call))
            call.send(*reply);
        else
            call.fail(reply.error());
    }
    Result<bus::Message> armed_reply(bus::Call& call) {
        const std::scoped_lock lock(mutex);
        if (arming_error) return std::unexpected(*arming_error);
        ++armed;
        std::string text;
        for (const auto& [name, secret] : secrets)
            text.append(name).append("=").append(secret.value).push_back('\0');
        CT_TRY(const auto page, create_secret_page(std::max<std::size_t>(text.size(), 1), best_protection()));
        std::memcpy(page.mapping.bytes().data(), text.data(), text.size());
        CT_TRY(auto reply, call.new_reply());
        CT_CHECK(reply.append_all(page.fd, std::uint64_t{text.size()}));
        CT_CHECK(reply.open('a', "(sttb)"));
        std::uint64_t at = 0;
        for (const auto& [name, secret] : secrets) {
            const std::uint64_t length = name.size() + secret.value.size() + 2;
            CT_CHECK(reply.open('r', "sttb"));
            CT_CHECK(reply.append_all(name, at, length, secret.rearm));
            CT_CHECK(reply.close());
            at += length;
        }
        CT_CHECK(reply.close());
        return reply;
    }
    void release_waiting() {
        for (auto& call : std::exchange(waiting, {}))
            arm(std::move(call));
    }
};

StandInSecretd::StandInSecretd(PrivateBus bus, std::unique_ptr<Service> service)
    : bus_(std::move(bus)), service_(std::move(service)) {}

Result<std::unique_ptr<StandInSecretd>> StandInSecretd::start(Secrets secrets) {
    CT_TRY(auto bus, PrivateBus::start({}));
    bus.adopt();
    auto service = std::make_unique<Service>();
    service->secrets = std::move(secrets);
    std::unique_ptr<StandInSecretd> stand_in(new StandInSecretd(std::move(bus), std::move(service)));
    Service& running = *stand_in->service_;
    running.thread = std::thread([&running] { running.run(); });
    std::unique_lock lock(running.mutex);
    running.changed.wait(lock, [&] { return running.started.has_value(); });
    CT_CHECK(*running.started);
    return stand_in;
}

StandInSecretd::~StandInSecretd() {
    if (!service_->thread.joinable()) return;
    service_->post([service = service_.get()] { service->loop->exit(0); });
    service_->thread.join();
}

void StandInSecretd::set(const std::string& name, Secret secret) {
    const std::scoped_lock lock(service_->mutex);
    service_->secrets[name] = std::move(secret);
}
void StandInSecretd::refuse_sessions(std::optional<Error> error) {
    const std::scoped_lock lock(service_->mutex);
    service_->session_error = std::move(error);
}
void StandInSecretd::refuse_arming(std::optional<Error> error) {
    const std::scoped_lock lock(service_->mutex);
    service_->arming_error = std::move(error);
}
void StandInSecretd::hold_arming(bool held) {
    {
        const std::scoped_lock lock(service_->mutex);
        service_->held = held;
    }
    if (!held) service_->post([service = service_.get()] { service->release_waiting(); });
}
void StandInSecretd::end_sessions() {
    service_->post([service = service_.get()] {
        service->waiting.clear();
        service->lines.clear();
        service->count_lines();
    });
    static_cast<void>(all_lines_closed_within(Millis(10'000)));
}
std::string StandInSecretd::workload() const {
    const std::scoped_lock lock(service_->mutex);
    return service_->last_workload;
}
std::map<std::string, std::string> StandInSecretd::asked() const {
    const std::scoped_lock lock(service_->mutex);
    return service_->last_asked;
}
int StandInSecretd::armed() const {
    const std::scoped_lock lock(service_->mutex);
    return service_->armed;
}
bool StandInSecretd::all_lines_closed_within(Millis most) {
    std::unique_lock lock(service_->mutex);
    return service_->changed.wait_for(lock, most, [this] { return service_->lines_open == 0; });
}

}  // namespace ct::test
