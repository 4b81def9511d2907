// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/refusal.h"

#include <systemd/sd-daemon.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/start_again.h"
#include "bus/connection.h"
#include "daemons/common/face.h"
#include "daemons/common/log.h"

namespace ct::daemon {
namespace {

constexpr auto kQuiet = std::chrono::milliseconds(100);  // nobody else waits
constexpr int kMostAnswers = 100;

// Also where it names a file, a key for one, that is not there.
bool is_configuration_fault(const Error& why) {
    return why.reason == Reason::config_invalid || why.reason == Reason::config_missing || why.sys_errno == ENOENT;
}

using Answer = std::function<Status(std::string_view interface, std::string_view member)>;

Result<bus::Connection> take_name(EventLoop& loop, const Spec& spec, const Error& why, Answer answer) {
    CT_CHECK(loop.enable_watchdog());
    CT_TRY(auto bus, bus::Connection::open_system(spec.name));
    CT_CHECK(bus.answer_all(std::move(answer)));
    CT_CHECK(bus.on_closed([&loop] { loop.exit(1); }));
    CT_CHECK(bus.attach(loop));
    CT_CHECK(bus.request_name(spec.bus_name));
    sd_notifyf(0, "STATUS=%s", why.to_string().c_str());
    return bus;
}

Status answer_waiting(EventLoop& loop, const Spec& spec, const Error& why) {
    CT_TRY(auto bus, take_name(loop, spec, why, [&](auto, auto) -> Status { return std::unexpected(why); }));
    for (int i = 0; i < kMostAnswers; ++i) {
        CT_TRY(const bool more, loop.run_once(kQuiet));
        if (!more) break;
    }
    return bus.flush();
}

Result<int> stay(EventLoop& loop, const Spec& spec, const Error& why, const std::function<Status()>& look) {
    bool configured = false;
    const auto reload = [&]() -> Status {
        CT_CHECK(look());
        configured = true;
        loop.exit(0);
        return {};
    };
    CT_TRY(auto bus, take_name(loop, spec, why, [&](std::string_view interface, std::string_view member) -> Status {
               if (interface == kDaemonInterface && member == "Reload") return reload();
               return std::unexpected(why);
           }));
    CT_TRY(const auto hangup, loop.add_signal(SIGHUP, [&] {
        if (const Status status = reload(); !status) log::error("reload", status.error());
    }));
    CT_TRY(const auto terminate, loop.add_signal(SIGTERM, [&loop] { loop.exit(0); }));
    CT_TRY(const auto interrupt, loop.add_signal(SIGINT, [&loop] { loop.exit(0); }));
    sd_notify(0, "READY=1");
    CT_TRY(const int code, loop.run());
    if (configured) {
        CT_CHECK(bus.flush());
        return std::unexpected(start_again());
    }
    return code;
}

}  // namespace

int refuse_and_leave(EventLoop& loop, const Spec& spec, const Error& why) {
    if (const Status told = answer_waiting(loop, spec, why); !told) log::error("telling those who wait", told.error());
    return is_configuration_fault(why) ? kConfigExit : 1;
}

int refuse_until_configured(EventLoop& loop, const Spec& spec, const Error& why, const std::function<Status()>& look) {
    const auto code = stay(loop, spec, why, look);
    if (!code) log::error("waiting for a configuration", code.error());
    return code.value_or(1);
}

}  // namespace ct::daemon
