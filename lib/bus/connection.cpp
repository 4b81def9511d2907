// SPDX-License-Identifier: Apache-2.0
#include "bus/connection.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bus/error.h"
#include "bus/internal.h"

namespace ct::bus {
namespace {

const Destination kBusDriver{"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"};

Status checked(int r, const char* what) {
    if (r < 0) return std::unexpected(from_errno(r, what));
    return {};
}

Result<Sender> read_credentials(Message& reply) {
    Sender sender;
    bool has_uid = false;
    CT_TRY(const bool entered, reply.enter('a', "{sv}"));
    if (!entered) return fail(Reason::malformed, "no credentials");
    for (;;) {
        CT_TRY(const bool another, reply.enter('e', "sv"));
        if (!another) break;
        CT_TRY(const std::string key, reply.read<std::string>());
        if (key == "UnixUserID" || key == "ProcessID") {
            CT_TRY(const bool inside, reply.enter('v', "u"));
            if (!inside) return fail(Reason::malformed, "credentials of an unknown type");
            CT_TRY(const std::uint32_t number, reply.read<std::uint32_t>());
            CT_CHECK(reply.exit());
            if (key == "UnixUserID") {
                sender.uid = number;
                has_uid = true;
            } else {
                sender.pid = static_cast<pid_t>(number);
            }
        } else {
            CT_CHECK(reply.skip("v"));
        }
        CT_CHECK(reply.exit());
    }
    if (!has_uid) return fail(Reason::caller_not_allowed, "the bus does not know the caller's uid");
    return sender;
}

constexpr std::size_t kRememberedSenders = 4096;
// Calls of one connection that wait for their answers. A bus refuses more than it allows (128 is dbus-daemon's default).
constexpr std::size_t kCallsAtOnce = 100;

Result<Sender> peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return fail_errno(Reason::io_failed, "SO_PEERCRED");
    return Sender{credentials.uid, credentials.pid, {}};
}

}  // namespace

Connection::State::~State() {
    // First everything that may hold a Call or a reference to the bus, while errors can still be sent.
    auto dropped = std::exchange(pending, {});
    dropped.clear();
    waiting.clear();
    permanent.clear();
    sd_bus_close_unref(bus);
}

Connection::Connection(std::shared_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open_system(const char* description) {
    auto state = std::make_shared<State>();
    if (const int r = sd_bus_open_system_with_description(&state->bus, description); r < 0)
        return fail_errno(Reason::daemon_unavailable, "the system bus", -r);
    const char* name = nullptr;
    if (const int r = sd_bus_get_unique_name(state->bus, &name); r < 0)
        return fail_errno(Reason::daemon_unavailable, "the system bus", -r);
    return Connection(std::move(state));
}

namespace {

Result<std::shared_ptr<Connection::State>> start_peer(Fd socket, bool server) {
    auto state = std::make_shared<Connection::State>();
    state->is_peer = true;
    CT_TRY(state->peer, peer_of(socket.get()));
    CT_CHECK(checked(sd_bus_new(&state->bus), "sd_bus_new"));
    CT_CHECK(checked(sd_bus_set_description(state->bus, server ? "peer-server" : "peer"), "sd_bus_set_description"));
    if (server) {
        sd_id128_t id{};
        CT_CHECK(checked(sd_id128_randomize(&id), "sd_id128_randomize"));
        CT_CHECK(checked(sd_bus_set_server(state->bus, 1, id), "sd_bus_set_server"));
    }
    CT_CHECK(checked(sd_bus_set_anonymous(state->bus, 1), "sd_bus_set_anonymous"));
    CT_CHECK(checked(sd_bus_negotiate_fds(state->bus, 1), "sd_bus_negotiate_fds"));
    CT_CHECK(checked(sd_bus_set_fd(state->bus, socket.get(), socket.get()), "sd_bus_set_fd"));
    (void)socket.release();
    CT_CHECK(checked(sd_bus_start(state->bus), "sd_bus_start"));
    return state;
}

}  // namespace

Result<Connection> Connection::serve_peer(Fd socket) {
    CT_TRY(auto state, start_peer(std::move(socket), true));
    // What the other end has said of the handshake is answered in one go: who is killed in between leaves a line that neither
    // goes on nor begins anew.
    while (sd_bus_is_ready(state->bus) == 0) {
        const int r = sd_bus_process(state->bus, nullptr);
        if (r < 0) return fail_errno(Reason::io_failed, "the handshake of a line", -r);
        if (r == 0) break;
    }
    return Connection(std::move(state));
}
Result<Connection> Connection::open_peer(Fd socket) {
    CT_TRY(auto state, start_peer(std::move(socket), false));
    return Connection(std::move(state));
}

// sd-bus can't be told that a handshake is over. So it has one, with ourselves over another socket pair, and finds the
// line at that descriptor number afterwards.
Result<Connection> Connection::resume_peer(Fd socket) {
    CT_TRY(auto ends, socket_pair());
    const int number = ends.ours.get();
    CT_TRY(auto asking, start_peer(std::move(ends.theirs), false));
    CT_TRY(auto serving, start_peer(std::move(ends.ours), true));
    while (sd_bus_is_ready(serving->bus) == 0 || sd_bus_is_ready(asking->bus) == 0) {
        int steps = 0;
        for (sd_bus* bus : {asking->bus, serving->bus}) {
            const int r = sd_bus_process(bus, nullptr);
            if (r < 0) return fail_errno(Reason::io_failed, "a handshake with ourselves", -r);
            steps += r;
        }
        if (steps == 0) return fail(Reason::internal, "a handshake with ourselves stands still");
    }
    if (::dup3(socket.get(), number, O_CLOEXEC) < 0) return fail_errno(Reason::io_failed, "dup3");
    CT_TRY(serving->peer, peer_of(number));
    return Connection(std::move(serving));
}

Status Connection::attach(EventLoop& loop) {
    return checked(sd_bus_attach_event(state_->bus, loop.raw(), 0), "sd_bus_attach_event");
}

Status Connection::on_closed(std::function<void()> handler) {
    auto slot = std::make_unique<Slot::State>();
    slot->handler = std::make_shared<OnMessage>([handler = std::move(handler)](sd_bus_message*) { handler(); });
    // sd-bus makes this signal up on its own; it never travels, so a peer cannot send it.
    constexpr const char* kRule =
        "type='signal',sender='org.freedesktop.DBus.Local',path='/org/freedesktop/DBus/Local',"
        "interface='org.freedesktop.DBus.Local',member='Disconnected'";
    CT_CHECK(
        checked(sd_bus_add_match(state_->bus, &slot->slot, kRule, run_on_message, slot.get()), "sd_bus_add_match"));
    state_->permanent.emplace_back(std::move(slot));
    return {};
}

bool Connection::is_idle() const {
    std::uint64_t unsent = 0, unread = 0;
    return sd_bus_is_ready(state_->bus) > 0 && sd_bus_get_n_queued_write(state_->bus, &unsent) >= 0 &&
           sd_bus_get_n_queued_read(state_->bus, &unread) >= 0 && unsent == 0 && unread == 0;
}

Status Connection::request_name(const std::string& name) {
    return checked(sd_bus_request_name(state_->bus, name.c_str(), 0), name.c_str());
}
Status Connection::flush() { return checked(sd_bus_flush(state_->bus), "sd_bus_flush"); }

std::string Connection::unique_name() const {
    const char* name = nullptr;
    if (state_->is_peer || sd_bus_get_unique_name(state_->bus, &name) < 0) return {};
    return name;
}

Result<Sender> Connection::peer() const {
    if (!state_->is_peer) return fail(Reason::invalid_argument, "a bus has no peer");
    return state_->peer;
}

sd_bus* Connection::raw() const { return state_->bus; }

void Connection::on_refused(std::function<void(const Call&, const Error&)> handler) {
    state_->on_refused = std::move(handler);
}

Status Connection::answer_all(std::function<Status(std::string_view, std::string_view)> answer) {
    auto slot = std::make_unique<Slot::State>();
    slot->handler = std::make_shared<OnMessage>([answer = std::move(answer)](sd_bus_message* message) {
        if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0) return;
        const char* const interface = sd_bus_message_get_interface(message);
        const Status status = answer(interface == nullptr ? "" : interface, sd_bus_message_get_member(message));
        // Sending fails only when the caller or the bus is gone, and then nobody waits.
        if (status)
            (void)sd_bus_reply_method_return(message, "");
        else
            (void)sd_bus_reply_method_errorf(message, error_name(status.error()).c_str(), "%s",
                                             error_message(status.error()).c_str());
    });
    const auto run = [](sd_bus_message* message, void* state, sd_bus_error* error) noexcept {
        const bool call = sd_bus_message_is_method_call(message, nullptr, nullptr) > 0;
        run_on_message(message, state, error);
        return call ? 1 : 0;
    };
    CT_CHECK(checked(sd_bus_add_filter(state_->bus, &slot->slot, run, slot.get()), "sd_bus_add_filter"));
    state_->permanent.emplace_back(std::move(slot));
    return {};
}

Status Connection::emit(const std::string& path, const std::string& interface, const char* member,
                        const std::function<Status(Message&)>& fill) {
    sd_bus_message* raw_message = nullptr;
    CT_CHECK(checked(sd_bus_message_new_signal(state_->bus, &raw_message, path.c_str(), interface.c_str(), member),
                     "sd_bus_message_new_signal"));
    auto message = Message::adopt(raw_message);
    if (fill) CT_CHECK(fill(message));
    return checked(sd_bus_send(state_->bus, message.raw(), nullptr), "sd_bus_send");
}

Status Connection::emit_changed(const std::string& path, const std::string& interface,
                                std::initializer_list<const char*> properties) {
    std::vector<char*> names;
    for (const char* property : properties)
        names.push_back(const_cast<char*>(property));  // NOLINT: a C char** API
    names.push_back(nullptr);
    return checked(sd_bus_emit_properties_changed_strv(state_->bus, path.c_str(), interface.c_str(), names.data()),
                   "sd_bus_emit_properties_changed");
}

Result<Message> Connection::new_call(const Destination& to, const char* member, CallFlags flags) {
    sd_bus_message* raw_message = nullptr;
    const char* const service = to.service.empty() ? nullptr : to.service.c_str();
    CT_CHECK(checked(sd_bus_message_new_method_call(state_->bus, &raw_message, service, to.path.c_str(),
                                                    to.interface.c_str(), member),
                     "sd_bus_message_new_method_call"));
    auto message = Message::adopt(raw_message);
    if (flags.interactive)
        CT_CHECK(checked(sd_bus_message_set_allow_interactive_authorization(raw_message, 1), "call flags"));
    if (flags.no_autostart) CT_CHECK(checked(sd_bus_message_set_auto_start(raw_message, 0), "call flags"));
    if (flags.sensitive) CT_CHECK(message.mark_sensitive());
    return message;
}

Result<Slot> Connection::call_async(const Message& call, std::function<void(Result<Message>)> done,
                                    std::chrono::microseconds timeout) {
    auto slot = std::make_unique<Slot::State>();
    slot->handler = std::make_shared<OnMessage>([done = std::move(done)](sd_bus_message* reply) {
        if (sd_bus_message_is_method_error(reply, nullptr) > 0)
            done(std::unexpected(error_from(sd_bus_message_get_error(reply), 0)));
        else
            done(Message::share(reply));
    });
    const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(1, timeout.count()));
    CT_CHECK(checked(sd_bus_call_async(state_->bus, &slot->slot, call.raw(), run_on_message, slot.get(), limit),
                     "sd_bus_call_async"));
    return Slot(std::move(slot));
}

Status Connection::call_detached(const Message& call, std::function<void(Result<Message>)> done,
                                 std::chrono::microseconds timeout) {
    State::Queued entry{Message::share(call.raw()), std::move(done), timeout};
    if (state_->pending.size() < kCallsAtOnce) return State::send_detached(state_, entry);
    state_->queued.push_back(std::move(entry));
    return {};
}

Status Connection::State::send_detached(const std::shared_ptr<State>& self, const Queued& queued) {
    const std::uint64_t id = self->next_pending++;
    auto finish = [weak = std::weak_ptr(self), id, done = queued.done](Result<Message> reply) {
        if (const auto state = weak.lock()) {
            state->pending.erase(id);
            send_queued(state);
        }
        done(std::move(reply));
    };
    CT_TRY(Slot slot, borrow(self).call_async(queued.call, std::move(finish), queued.timeout));
    self->pending.emplace(id, std::move(slot));
    return {};
}

void Connection::State::send_queued(const std::shared_ptr<State>& self) {
    while (!self->queued.empty() && self->pending.size() < kCallsAtOnce) {
        const Queued next = std::move(self->queued.front());
        self->queued.pop_front();
        if (const Status sent = send_detached(self, next); !sent) next.done(std::unexpected(sent.error()));
    }
}

Result<Message> Connection::call(const Message& call, std::chrono::microseconds timeout) {
    sd_bus_error error{};  // SD_BUS_ERROR_NULL is a C compound literal
    sd_bus_message* reply = nullptr;
    const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(1, timeout.count()));
    if (const int r = sd_bus_call(state_->bus, call.raw(), limit, &error, &reply); r < 0) {
        Error failed = error_from(&error, r);
        sd_bus_error_free(&error);
        return std::unexpected(std::move(failed));
    }
    return Message::adopt(reply);
}

Result<Message> Connection::call(const Message& call, std::chrono::microseconds timeout,
                                 const std::function<void()>& meanwhile) {
    std::optional<Result<Message>> answer;
    CT_TRY(const Slot slot,
           call_async(call, [&](Result<Message> reply) { answer.emplace(std::move(reply)); }, timeout));
    CT_CHECK(flush());
    meanwhile();
    while (!answer) {
        int r = sd_bus_process(state_->bus, nullptr);
        if (r == 0 && !answer) r = sd_bus_wait(state_->bus, UINT64_MAX);  // at most for the time of the call
        if (r < 0 && r != -EINTR && !answer) return std::unexpected(error_from(nullptr, r));
    }
    return std::move(*answer);
}

Result<Slot> Connection::subscribe(const Destination& from, const char* member,
                                   std::function<void(Message&)> on_signal) {
    auto slot = std::make_unique<Slot::State>();
    slot->handler = std::make_shared<OnMessage>([on_signal = std::move(on_signal)](sd_bus_message* raw_message) {
        auto message = Message::share(raw_message);
        on_signal(message);
    });
    const char* const service = from.service.empty() ? nullptr : from.service.c_str();
    CT_CHECK(checked(sd_bus_match_signal_async(state_->bus, &slot->slot, service, from.path.c_str(),
                                               from.interface.c_str(), member, run_on_message, nullptr, slot.get()),
                     "sd_bus_match_signal_async"));
    return Slot(std::move(slot));
}

void Connection::State::find_sender(const std::shared_ptr<State>& self, sd_bus_message* call, OnSender done) {
    if (self->is_peer) return done(self->peer);
    const char* const raw_name = sd_bus_message_get_sender(call);
    if (raw_name == nullptr) return done(fail(Reason::caller_not_allowed, "a call without a sender"));
    const std::string name = raw_name;
    if (const auto known = self->senders.find(name); known != self->senders.end()) return done(known->second);

    auto& queue = self->waiting[name];
    queue.push_back(std::move(done));
    if (queue.size() > 1) return;  // asked already; answers keep the order of the calls
    const auto finish = [weak = std::weak_ptr(self), name](Result<Sender> sender) {
        const auto state = weak.lock();
        if (!state) return;
        if (sender) {
            sender->name = name;
            if (state->senders.size() >= kRememberedSenders) state->senders.clear();
            state->senders.emplace(name, *sender);
        }
        const auto calls = std::move(state->waiting[name]);
        state->waiting.erase(name);
        for (const auto& each : calls)
            each(sender);
    };
    Connection connection = borrow(self);
    auto question = connection.new_call(kBusDriver, "GetConnectionCredentials");
    Status asked = question ? question->append(name) : Status(std::unexpected(question.error()));
    if (asked)
        asked = connection.call_detached(*question, [finish](Result<Message> reply) {
            finish(reply ? read_credentials(*reply) : Result<Sender>(std::unexpected(reply.error())));
        });
    if (!asked) finish(std::unexpected(asked.error()));
}

}  // namespace ct::bus
