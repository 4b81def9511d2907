// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/session_line.h"

#include <chrono>
#include <utility>

namespace ct::secretd {
namespace {

std::uint64_t unix_seconds(WallTime time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Seconds>(time.time_since_epoch()).count());
}

}  // namespace

Result<std::unique_ptr<SessionLine>> SessionLine::open(EventLoop& loop, Session& session, Fd socket,
                                                       std::function<void(Session&, int pid)> on_armed) {
    CT_TRY(auto connection, bus::Connection::serve_peer(std::move(socket)));
    std::unique_ptr<SessionLine> line(new SessionLine(std::move(connection), session, std::move(on_armed)));
    CT_CHECK(line->connection_.attach(loop));
    CT_CHECK(line->connection_.on_closed([&session] { session.close(); }));
    CT_TRY(line->object_, line->connection_.serve("/io/cloudtaser/Secret1/session", line->interface()));
    return line;
}

bus::Interface SessionLine::interface() {
    bus::Interface rows("io.cloudtaser.Secret1.Session");
    // Who holds the other end of the socket is the session's owner: possession is the right.
    const auto holder = bus::Access::anyone();
    rows.method({.name = "Arm",
                 .in = "ha{sv}",
                 .in_names = {"pidfd", "options"},
                 .out = "hta(sttb)",
                 .out_names = {"page", "size", "entries"},
                 .access = holder,
                 .sensitive = true},
                [this](bus::Call call) { arm(std::move(call)); })
        .method({.name = "Fetch",
                 .in = "sa{sv}",
                 .in_names = {"name", "options"},
                 .out = "httt",
                 .out_names = {"secret", "size", "version", "expires"},
                 .access = holder,
                 .sensitive = true},
                [this](bus::Call call) { fetch(std::move(call)); })
        .method({.name = "ListNames", .out = "as", .out_names = {"names"}, .access = holder},
                [this](bus::Call call) { list_names(std::move(call)); })
        .method({.name = "Close", .access = holder}, [this](bus::Call call) { close(std::move(call)); })
        .property({"Workload", "s", bus::Emits::constant},
                  [this](bus::Message& m) { return m.append(session_.workload()); })
        .property({"State", "s", bus::Emits::no},
                  [this](bus::Message& m) { return m.append(to_string(session_.state())); })
        .property({"EvidenceKind", "s", bus::Emits::no},
                  [this](bus::Message& m) { return m.append(session_.evidence_kind()); })
        .property({"Expires", "t", bus::Emits::no},
                  [this](bus::Message& m) { return m.append(unix_seconds(session_.expires())); })
        .property({"Tiers", "s", bus::Emits::constant}, [this](bus::Message& m) { return m.append(session_.tiers()); });
    return rows;
}

Result<bus::Message> SessionLine::armed_reply(bus::Call& call, const SecretPage& page) const {
    CT_TRY(auto reply, call.new_reply());
    CT_CHECK(reply.append_all(page.fd, session_.payload()->environment_size()));
    CT_CHECK(reply.open('a', "(sttb)"));
    for (const auto& entry : session_.payload()->entries()) {
        if (!entry.environment) continue;
        CT_CHECK(reply.open('r', "sttb"));
        CT_CHECK(reply.append_all(entry.name, entry.offset, entry.length, entry.rearm));
        CT_CHECK(reply.close());
    }
    CT_CHECK(reply.close());
    return reply;
}

void SessionLine::arm(bus::Call call) {
    auto pidfd = call.read<Fd>();
    if (!pidfd) return call.fail(pidfd.error());
    if (auto options = call.read_options({}); !options) return call.fail(options.error());
    auto pid = pidfd_pid(pidfd->get());
    if (!pid) return call.fail(pid.error());
    auto page = session_.arm();
    if (!page) return call.fail(page.error());
    auto reply = armed_reply(call, *page);
    if (!reply) return call.fail(reply.error());
    call.send(*reply);
    on_armed_(session_, *pid);
}

void SessionLine::fetch(bus::Call call) {
    auto name = call.read<std::string>();
    if (!name) return call.fail(name.error());
    if (auto options = call.read_options({}); !options) return call.fail(options.error());
    auto page = session_.fetch(*name);
    if (!page) return call.fail(page.error());
    const PayloadEntry* entry = session_.payload()->find(*name);
    const std::uint64_t size = entry->length - (entry->environment ? entry->name.size() + 2 : 0);
    call.reply(page->fd, size, entry->version, unix_seconds(session_.expires()));
}

void SessionLine::list_names(bus::Call call) {
    std::vector<std::string> names;
    if (const Payload* payload = session_.payload())
        for (const auto& entry : payload->entries())
            names.push_back(entry.name);
    call.reply(names);
}

void SessionLine::close(bus::Call call) {
    call.reply();
    session_.close();
}

}  // namespace ct::secretd
