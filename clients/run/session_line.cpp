// SPDX-License-Identifier: Apache-2.0
#include "clients/run/session_line.h"

#include <unistd.h>

#include <cerrno>

#include "base/limits.h"

namespace ct::run {
namespace {

constexpr auto kArmTime = std::chrono::seconds(10);

Error with_advice(Error error) {
    if (error.reason == Reason::daemon_unavailable)
        error.context += error.sys_errno == ENOTCONN
                             ? " (it lets no user in that it can't name: DynamicUser= in cloudtaser-workloads(5))"
                             : " (is it installed and running? systemctl status cloudtaser-secretd)";
    if (error.reason == Reason::timed_out)
        error.context =
            "no answer within the time given by --timeout; journalctl -u cloudtaser-secretd says what it waits for";
    return error;
}

Result<Armed> read_armed(bus::Message& reply) {
    Armed armed;
    CT_TRY(armed.page, reply.read<Fd>());
    CT_TRY(armed.size, reply.read<std::uint64_t>());
    CT_TRY(bool more, reply.enter('a', "(sttb)"));
    for (;;) {
        CT_TRY(more, reply.enter('r', "sttb"));
        if (!more) break;
        if (armed.entries.size() == limits::kSecretsPerWorkload)
            return fail(Reason::too_large, "too many secrets in one page");
        ArmedEntry entry;
        CT_TRY(entry.name, reply.read<std::string>());
        CT_TRY(entry.offset, reply.read<std::uint64_t>());
        CT_TRY(entry.length, reply.read<std::uint64_t>());
        CT_TRY(entry.rearm, reply.read<bool>());
        CT_CHECK(reply.exit());
        armed.entries.push_back(std::move(entry));
    }
    CT_CHECK(reply.exit());
    CT_CHECK(check_entries(armed));
    return armed;
}

Result<bus::Message> session_call(bus::Connection& connection, const SessionRequest& request) {
    CT_TRY(const Fd self, pidfd_open(::getpid()));
    CT_TRY(auto call,
           connection.new_call({"io.cloudtaser.Secret1", "/io/cloudtaser/Secret1", "io.cloudtaser.Secret1.Manager"},
                               "OpenSession"));
    CT_CHECK(call.append_all(request.workload, self));
    CT_CHECK(call.open('a', "{sv}"));
    if (!request.environment.empty()) {
        CT_CHECK(call.open('e', "sv"));
        CT_CHECK(call.append("env"));
        CT_CHECK(call.open('v', "a{ss}"));
        CT_CHECK(call.append(request.environment));
        CT_CHECK(call.close());
        CT_CHECK(call.close());
    }
    CT_CHECK(call.close());
    return call;
}

}  // namespace

Result<Fd> open_session(const SessionRequest& request, const std::function<void()>& meanwhile) {
    auto connection = bus::Connection::open_system("cloudtaser-run");
    if (!connection) return std::unexpected(with_advice(std::move(connection).error()));
    CT_TRY(const auto call, session_call(*connection, request));
    auto reply = connection->call(call, request.timeout, meanwhile);
    if (!reply) return std::unexpected(with_advice(std::move(reply).error()));
    CT_TRY(const auto path, reply->read<bus::ObjectPath>());
    return reply->read<Fd>();
}

Result<std::unique_ptr<SessionLine>> SessionLine::open(EventLoop& loop, Fd line) {
    CT_TRY(auto connection, bus::Connection::open_peer(std::move(line)));
    CT_CHECK(connection.attach(loop));
    return std::unique_ptr<SessionLine>(new SessionLine(std::move(connection)));
}

void SessionLine::arm(const Fd& pidfd, std::function<void(Result<Armed>)> done) {
    const auto call = [&]() -> Result<bus::Message> {
        CT_TRY(auto message,
               connection_.new_call({"", "/io/cloudtaser/Secret1/session", "io.cloudtaser.Secret1.Session"}, "Arm"));
        CT_CHECK(message.append(pidfd));
        CT_CHECK(message.open('a', "{sv}"));
        CT_CHECK(message.close());
        return message;
    }();
    // What can't be sent is a line that is gone.
    if (!call) return done(fail(Reason::session_ended, call.error().context));
    const auto answer = std::make_shared<std::function<void(Result<Armed>)>>(std::move(done));
    const Status sent = connection_.call_detached(
        *call,
        [answer](Result<bus::Message> reply) {
            if (!reply) return (*answer)(std::unexpected(std::move(reply).error()));
            (*answer)(read_armed(*reply));
        },
        kArmTime);
    if (!sent) (*answer)(fail(Reason::session_ended, sent.error().context));
}

}  // namespace ct::run
