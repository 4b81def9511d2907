// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/session_line.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "daemons/common/log.h"

namespace ct::secretd {
namespace {

constexpr Millis kQuiet{100};

std::uint64_t unix_seconds(WallTime time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Seconds>(time.time_since_epoch()).count());
}

}  // namespace

Result<std::unique_ptr<SessionLine>> SessionLine::open(EventLoop& loop, Session& session, Fd socket, Armed on_armed) {
    std::unique_ptr<SessionLine> line(new SessionLine(loop, session, std::move(socket), std::move(on_armed)));
    CT_CHECK(line->rest());
    return line;
}

Status SessionLine::rest() {
    object_ = {};
    connection_.reset();
    CT_TRY(spoken_, loop_.add_io(socket_.get(), EPOLLIN, [this](std::uint32_t) { wake(); }));
    return {};
}

void SessionLine::wake() {
    // A handshake starts with a NUL byte, a message never does.
    char first = 0;
    const ssize_t size = ::recv(socket_.get(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    spoken_.reset();
    if (size <= 0) return session_.close();
    const Status served = serve(first == '\0');
    if (served) return;
    log::warning("the line of a session", served.error());
    session_.close();
}

Status SessionLine::serve(bool from_handshake) {
    CT_TRY(Fd socket, socket_.duplicate());
    CT_TRY(connection_, from_handshake ? bus::Connection::serve_peer(std::move(socket))
                                       : bus::Connection::resume_peer(std::move(socket)));
    CT_CHECK(connection_->attach(loop_));
    CT_CHECK(connection_->on_closed([this] { session_.close(); }));
    CT_TRY(object_, connection_->serve("/io/cloudtaser/Secret1/session", interface()));
    return rest_when_quiet();
}

Status SessionLine::rest_when_quiet() {
    CT_TRY(quiet_, loop_.add_timer(kQuiet, [this] {
        const bool busy = std::exchange(spoke_, false) || unanswered_ > 0 || !connection_->is_idle();
        if (const Status done = busy ? rest_when_quiet() : rest(); !done) session_.close();
    }));
    return {};
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

// ---- the calls

void SessionLine::when_served(bus::Call call, std::function<void(bus::Call&)> answer) {
    spoke_ = true;
    ++unanswered_;
    session_.want(
        [this, call = std::make_shared<bus::Call>(std::move(call)), answer = std::move(answer)](const Status& status) {
            --unanswered_;
            if (!status) return call->fail(status.error());
            answer(*call);
        });
}

void SessionLine::arm(bus::Call call) {
    auto pidfd = call.read<Fd>();
    if (!pidfd) return call.fail(pidfd.error());
    if (auto options = call.read_options({}); !options) return call.fail(options.error());
    auto pid = pidfd_pid(pidfd->get());
    if (!pid) return call.fail(pid.error());
    when_served(std::move(call), [this, pid = *pid](bus::Call& waiting) { answer_arm(waiting, pid); });
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
    when_served(std::move(call), [this, name = *name](bus::Call& waiting) { answer_fetch(waiting, name); });
}

void SessionLine::answer_fetch(bus::Call& call, const std::string& name) {
    auto page = session_.fetch(name);
    if (!page) return call.fail(page.error());
    const PayloadEntry* entry = session_.payload()->find(name);
    const std::uint64_t size = entry->length - (entry->environment ? entry->name.size() + 2 : 0);
    call.reply(page->fd, size, entry->version, unix_seconds(session_.expires()));
}

void SessionLine::list_names(bus::Call call) {
    when_served(std::move(call), [this](bus::Call& waiting) {
        std::vector<std::string> names;
        for (const auto& entry : session_.payload()->entries())
            names.push_back(entry.name);
        waiting.reply(names);
    });
}

void SessionLine::close(bus::Call call) {
    call.reply();
    session_.close();
}

}  // namespace ct::secretd
