// SPDX-License-Identifier: Apache-2.0
#include "bus/interface.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>

#include "bus/error.h"
#include "bus/internal.h"
#include "bus/polkit.h"

namespace ct::bus {

struct Interface::Table {
    struct MethodRow {
        Method row;
        Handler handler;
        std::string names;  // "in\0in\0out\0", as sd-bus wants them
    };
    struct PropertyRow {
        Property row;
        Getter get;
        Setter set;
    };
    struct SignalEntry {
        SignalRow row;
        std::string names;
    };
    std::string name;
    // Deques: sd-bus keeps pointers to the elements.
    std::deque<MethodRow> methods;
    std::deque<PropertyRow> properties;
    std::deque<SignalEntry> signals;
};

struct Call::State {
    Message message;
    Sender sender;
    bool answered = false;

    explicit State(sd_bus_message* raw_message) : message(Message::share(raw_message)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    State(State&&) = delete;
    State& operator=(State&&) = delete;
    ~State() {
        if (!answered) refuse({Reason::internal, "the call was dropped without an answer", 0});
    }
    void refuse(const Error& error) {
        answered = true;
        // Sending fails only when the caller or the bus is gone, and then nobody waits.
        (void)sd_bus_reply_method_errorf(message.raw(), error_name(error).c_str(), "%s", error_message(error).c_str());
    }
};

const Sender& Call::sender() const { return state_->sender; }
Message& Call::message() { return state_->message; }
bool Call::answered() const { return state_->answered; }
std::string_view Call::member() const { return sd_bus_message_get_member(state_->message.raw()); }
bool Call::allows_interaction() const {
    return sd_bus_message_get_allow_interactive_authorization(state_->message.raw()) > 0;
}

void Call::fail(const Error& error) {
    if (!state_->answered) state_->refuse(error);
}

Result<Message> Call::new_reply() {
    sd_bus_message* reply = nullptr;
    if (const int r = sd_bus_message_new_method_return(state_->message.raw(), &reply); r < 0)
        return std::unexpected(from_errno(r, "sd_bus_message_new_method_return"));
    return Message::adopt(reply);
}

void Call::send(const Message& reply) {
    if (state_->answered) return;
    const int r = sd_bus_send(sd_bus_message_get_bus(state_->message.raw()), reply.raw(), nullptr);
    if (r < 0) return fail(from_errno(r, "sending the answer"));
    state_->answered = true;
}

Interface::Interface(std::string name) : table_(std::make_shared<Table>()) { table_->name = std::move(name); }
Interface::Interface(Interface&&) noexcept = default;
Interface& Interface::operator=(Interface&&) noexcept = default;
Interface::~Interface() = default;

namespace {

std::string joined(const std::vector<const char*>& names) {
    std::string out;
    for (const char* name : names)
        out.append(name).push_back('\0');
    return out;
}

}  // namespace

Interface& Interface::method(Method row, Handler handler) {
    std::string names = joined(row.in_names) + joined(row.out_names);
    table_->methods.push_back({std::move(row), std::move(handler), std::move(names)});
    return *this;
}
Interface& Interface::property(Property row, Getter getter) { return property(row, std::move(getter), nullptr); }
Interface& Interface::property(Property row, Getter getter, Setter setter) {
    table_->properties.push_back({row, std::move(getter), std::move(setter)});
    return *this;
}
Interface& Interface::signal(SignalRow row) {
    std::string names = joined(row.names);
    table_->signals.push_back({std::move(row), std::move(names)});
    return *this;
}

namespace {

// One interface at one path of one connection.
struct Export : std::enable_shared_from_this<Export> {
    struct Row {
        Export* owner;
        const Interface::Table::MethodRow* method;
        std::vector<uid_t> uids;
    };
    std::shared_ptr<Interface::Table> table;
    std::weak_ptr<Connection::State> connection;
    std::deque<Row> rows;
    std::vector<sd_bus_vtable> vtable;
};

std::optional<uid_t> find_user(const std::string& user) {
    uid_t number = 0;
    const auto [rest, code] = std::from_chars(user.data(), user.data() + user.size(), number);
    if (code == std::errc{} && rest == user.data() + user.size()) return number;
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer(16 << 10);
    if (::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
    return found->pw_uid;
}

void refuse(const std::shared_ptr<Connection::State>& connection, Call call, const Error& error) {
    // First the record: who has the answer may look for it.
    if (connection->on_refused) connection->on_refused(call, error);
    call.fail(error);
}

// The one place where access rules are enforced.
void admit(const std::weak_ptr<Export>& weak, const Export::Row& row, Call call) {
    const auto self = weak.lock();
    const auto connection = self ? self->connection.lock() : nullptr;
    if (!connection) return call.fail({Reason::cancelled, "the object is gone", 0});
    const Access& access = row.method->row.access;
    const uid_t uid = call.sender().uid;
    if (access.kind == Access::Kind::anyone || uid == 0 || uid == ::geteuid() ||
        (access.kind == Access::Kind::users && std::ranges::find(row.uids, uid) != row.uids.end()))
        return row.method->handler(std::move(call));
    if (access.kind == Access::Kind::users)
        return refuse(connection, call,
                      {Reason::caller_not_allowed,
                       "uid " + std::to_string(uid) + " may not call " + std::string(call.member()), 0});
    Connection asking = Connection::State::borrow(connection);
    check_polkit(asking, call.sender(), access.action, call.allows_interaction(),
                 [weak, &row, call](Status allowed) mutable {
                     const auto still = weak.lock();
                     const auto bus = still ? still->connection.lock() : nullptr;
                     if (!bus) return call.fail({Reason::cancelled, "the object is gone", 0});
                     if (!allowed) return refuse(bus, call, allowed.error());
                     row.method->handler(std::move(call));
                 });
}

// NOLINTNEXTLINE(bugprone-exception-escape): sd-bus is C; an exception here must end the process.
int on_method(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
    const auto& row = *static_cast<const Export::Row*>(userdata);
    // The row lives as long as its Export, and whoever is called back later asks for that first.
    const std::shared_ptr<Export> self = row.owner->shared_from_this();
    const auto connection = self->connection.lock();
    if (!connection) return -ENOTCONN;
    auto state = std::make_shared<Call::State>(message);
    Connection::State::find_sender(connection, message,
                                   [weak = std::weak_ptr(self), &row, state](Result<Sender> sender) mutable {
                                       Call call(state);
                                       if (!sender) return call.fail(sender.error());
                                       state->sender = std::move(*sender);
                                       state.reset();
                                       if (weak.expired())
                                           return call.fail({Reason::cancelled, "the object is gone", 0});
                                       admit(weak, row, std::move(call));
                                   });
    return 1;
}

int set_error(sd_bus_error* out, const Error& error) {
    return sd_bus_error_set(out, error_name(error).c_str(), error_message(error).c_str());
}

int on_get(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* userdata,
           sd_bus_error* error) noexcept {
    auto message = Message::share(reply);
    const auto status = static_cast<const Interface::Table::PropertyRow*>(userdata)->get(message);
    return status ? 1 : set_error(error, status.error());
}

int on_set(sd_bus*, const char*, const char*, const char*, sd_bus_message* value, void* userdata,
           sd_bus_error* error) noexcept {
    auto message = Message::share(value);
    const auto status = static_cast<const Interface::Table::PropertyRow*>(userdata)->set(message);
    return status ? 1 : set_error(error, status.error());
}

constexpr std::uint64_t kFlagBits = (1ULL << 56) - 1;  // the width of sd_bus_vtable::flags

std::uint64_t flags_of(Emits emits) {
    switch (emits) {
        case Emits::change:
            return SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
        case Emits::constant:
            return SD_BUS_VTABLE_PROPERTY_CONST;
        case Emits::no:
            return 0;
    }
    return 0;
}

// The userdata of a row is its own address.
template <class Row>
std::size_t address(const Row& row) {
    return reinterpret_cast<std::size_t>(&row);  // NOLINT: SD_BUS_VTABLE_ABSOLUTE_OFFSET wants exactly this
}

std::vector<sd_bus_vtable> make_vtable(const Interface::Table& table, const std::deque<Export::Row>& rows) {
    std::vector<sd_bus_vtable> out;
    sd_bus_vtable start{};
    start.type = _SD_BUS_VTABLE_START;
    start.x.start.element_size = sizeof(sd_bus_vtable);
    start.x.start.features = _SD_BUS_VTABLE_PARAM_NAMES;
    start.x.start.vtable_format_reference = &sd_bus_object_vtable_format;
    out.push_back(start);
    for (const auto& row : rows) {
        const Method& method = row.method->row;
        sd_bus_vtable entry{};
        entry.type = _SD_BUS_VTABLE_METHOD;
        // UNPRIVILEGED: sd-bus must not judge; admit() does.
        entry.flags = (SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_ABSOLUTE_OFFSET |
                       (method.sensitive ? std::uint64_t{SD_BUS_VTABLE_SENSITIVE} : 0)) &
                      kFlagBits;
        entry.x.method.member = method.name;
        entry.x.method.signature = method.in;
        entry.x.method.result = method.out;
        entry.x.method.handler = on_method;
        entry.x.method.offset = address(row);
        entry.x.method.names = row.method->names.c_str();
        out.push_back(entry);
    }
    for (const auto& property : table.properties) {
        sd_bus_vtable entry{};
        entry.type = property.set ? _SD_BUS_VTABLE_WRITABLE_PROPERTY : _SD_BUS_VTABLE_PROPERTY;
        entry.flags = (flags_of(property.row.emits) | SD_BUS_VTABLE_ABSOLUTE_OFFSET) & kFlagBits;
        entry.x.property.member = property.row.name;
        entry.x.property.signature = property.row.signature;
        entry.x.property.get = on_get;
        entry.x.property.set = property.set ? on_set : nullptr;
        entry.x.property.offset = address(property);
        out.push_back(entry);
    }
    for (const auto& signal : table.signals) {
        sd_bus_vtable entry{};
        entry.type = _SD_BUS_VTABLE_SIGNAL;
        entry.x.signal.member = signal.row.name;
        entry.x.signal.signature = signal.row.signature;
        entry.x.signal.names = signal.names.c_str();
        out.push_back(entry);
    }
    sd_bus_vtable end{};
    end.type = _SD_BUS_VTABLE_END;
    out.push_back(end);
    return out;
}

}  // namespace

Result<Slot> Connection::serve(const std::string& path, const Interface& interface) {
    auto exported = std::make_shared<Export>();
    exported->table = interface.table();
    exported->connection = state_;
    for (const auto& method : exported->table->methods) {
        Export::Row row{exported.get(), &method, {}};
        for (const auto& user : method.row.access.users)
            if (const auto uid = find_user(user)) row.uids.push_back(*uid);
        exported->rows.push_back(std::move(row));
    }
    exported->vtable = make_vtable(*exported->table, exported->rows);
    auto slot = std::make_unique<Slot::State>();
    // sd-bus reads the table once more when it frees the slot, which is after our handler if that is what drops it.
    auto kept = std::make_unique<std::shared_ptr<Export>>(exported);
    const int r = sd_bus_add_object_vtable(state_->bus, &slot->slot, path.c_str(), exported->table->name.c_str(),
                                           exported->vtable.data(), kept.get());
    if (r < 0) return std::unexpected(from_errno(r, "serving " + exported->table->name));
    sd_bus_slot_set_destroy_callback(slot->slot,
                                     [](void* userdata) { delete static_cast<std::shared_ptr<Export>*>(userdata); });
    static_cast<void>(kept.release());
    return Slot(std::move(slot));
}

}  // namespace ct::bus
