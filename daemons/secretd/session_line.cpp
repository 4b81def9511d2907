// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/session_line.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "daemons/common/log.h"

namespace ct::secretd {
namespace {

std::uint64_t unix_seconds(WallTime time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Seconds>(time.time_since_epoch()).count());
}

}  // namespace

Result<std::unique_ptr<SessionLine>> SessionLine::open(EventLoop& loop, Session& session, Fd socket, Armed on_armed) {
    std::unique_ptr<SessionLine> line(new SessionLine(loop, session, std::move(on_armed)));
    CT_CHECK(line->serve(bus::Connection::serve_peer(std::move(socket))));
    return line;
}

Result<std::unique_ptr<SessionLine>> SessionLine::resume(EventLoop& loop, Session& session, Fd socket, Armed on_armed) {
    std::unique_ptr<SessionLine> line(new SessionLine(loop, session, std::move(on_armed)));
    line->resting_ = std::move(socket);
    CT_TRY(line->spoken_, loop.add_io(line->resting_.get(), EPOLLIN, [&line = *line](std::uint32_t) { line.wake(); }));
    return line;
}

Status SessionLine::serve(Result<bus::Connection> connection) {
    CT_TRY(connection_, std::move(connection));
    CT_CHECK(connection_->attach(loop_));
    CT_CHECK(connection_->on_closed([this] { session_.close(); }));
    CT_TRY(object_, connection_->serve("/io/cloudtaser/Secret1/session", interface()));
    return {};
}

void SessionLine::wake() {
    // A handshake starts with a NUL byte, a message never does: the other end may not have come to its own yet.
    char first = 0;
    const ssize_t size = ::recv(resting_.get(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    spoken_.reset();
    if (size <= 0) return session_.close();
    const Status served = serve(first == '\0' ? bus::Connection::serve_peer(std::move(resting_))
                                              : bus::Connection::resume_peer(std::move(resting_)));
    if (served) return;
    log::warning("a line that was kept", served.error());
    session_.close();
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

// ---- the calls: each is answered when the session can serve, or with the reason why it can't

void SessionLine::arm(bus::Call call) {
    auto pidfd = call.read<Fd>();
    if (!pidfd) return call.fail(pidfd.error());
    if (auto options = call.read_options({}); !options) return call.fail(options.error());
    auto pid = pidfd_pid(pidfd->get());
    if (!pid) return call.fail(pid.error());
    session_.want([this, call = std::make_shared<bus::Call>(std::move(call)), pid = *pid](const Status& status) {
        if (!status) return call->fail(status.error());
        answer_arm(*call, pid);
    });
}

void SessionLine::answer_arm(bus::Call& call, int pid) {
    auto page = session_.arm();
    if (!page) return call.fail(page.error());
    auto reply = armed_reply(call, *page);
    if (!reply) return call.fail(reply.error());
    call.send(*reply);
    on_armed_(session_, pid);
}

void SessionLine::fetch(bus::Call call) {
    auto name = call.read<std::string>();
    if (!name) return call.fail(name.error());
    if (auto options = call.read_options({}); !options) return call.fail(options.error());
    session_.want([this, call = std::make_shared<bus::Call>(std::move(call)), name = *name](const Status& status) {
        if (!status) return call->fail(status.error());
        answer_fetch(*call, name);
    });
}

void SessionLine::answer_fetch(bus::Call& call, const std::string& name) {
    auto page = session_.fetch(name);
    if (!page) return call.fail(page.error());
    const PayloadEntry* entry = session_.payload()->find(name);
    const std::uint64_t size = entry->length - (entry->environment ? entry->name.size() + 2 : 0);
    call.reply(page->fd, size, entry->version, unix_seconds(session_.expires()));
}

void SessionLine::list_names(bus::Call call) {
    session_.want([this, call = std::make_shared<bus::Call>(std::move(call))](const Status& status) {
        if (!status) return call->fail(status.error());
        std::vector<std::string> names;
        for (const auto& entry : session_.payload()->entries())
            names.push_back(entry.name);
        call->reply(names);
    });
}

void SessionLine::close(bus::Call call) {
    call.reply();
    session_.close();
}

}  // namespace ct::secretd
