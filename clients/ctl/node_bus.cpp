// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/node_bus.h"

#include <unistd.h>

#include <chrono>

namespace ct::ctl {
namespace {

using namespace std::chrono_literals;

constexpr const char* kManager = "io.cloudtaser.Secret1.Manager";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
// Status is asked of daemons that should answer at once; a stuck one must not hold up the rest.
constexpr auto kStatusTime = 5s;
// A first release may have to start daemons, quote a TPM and reach OpenBao; secretd gives up by itself before this.
constexpr auto kReleaseTime = 30s;

bus::Destination to(const DaemonName& daemon, const char* interface) { return {daemon.bus, daemon.path, interface}; }

// One {sv} pair, entered already. A type that nobody here reads is skipped.
Status read_property(bus::Message& message, NodeBus::Properties& into) {
    CT_TRY(const auto name, message.read<std::string>());
    CT_TRY(const auto type, message.variant_type());
    if (type != "s" && type != "b" && type != "as" && type != "a{ss}") return message.skip("v");
    CT_TRY(const bool entered, message.enter('v', type.c_str()));
    if (!entered) return fail(Reason::malformed, "a property without a value");
    if (type == "s") {
        CT_TRY(into[name], message.read<std::string>());
    } else if (type == "b") {
        CT_TRY(into[name], message.read<bool>());
    } else if (type == "as") {
        CT_TRY(into[name], message.read<std::vector<std::string>>());
    } else {
        CT_TRY(into[name], message.read<bus::StringMap>());
    }
    return message.exit();
}

std::string text_of(const NodeBus::Properties& properties, std::string_view name) {
    const auto at = properties.find(name);
    const auto* text = at == properties.end() ? nullptr : std::get_if<std::string>(&at->second);
    return text == nullptr ? std::string() : *text;
}

}  // namespace

Result<NodeBus> NodeBus::open(bool start, bool ask_person) {
    CT_TRY(auto connection, bus::Connection::open_system("cloudtaserctl"));
    return NodeBus(std::move(connection), start, ask_person);
}

Result<std::vector<std::string>> NodeBus::names(const char* member) {
    CT_TRY(const auto call,
           bus_.new_call({"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"}, member));
    CT_TRY(auto reply, bus_.call(call, kStatusTime));
    return reply.read<std::vector<std::string>>();
}

Status NodeBus::look_around() {
    CT_TRY(const auto owned, names("ListNames"));
    CT_TRY(const auto activatable, names("ListActivatableNames"));
    owned_ = {owned.begin(), owned.end()};
    activatable_ = {activatable.begin(), activatable.end()};
    return {};
}

Result<NodeBus::Properties> NodeBus::properties(const DaemonName& daemon, const char* interface) {
    CT_TRY(auto call, bus_.new_call(to(daemon, kProperties), "GetAll", flags()));
    CT_CHECK(call.append(interface));
    CT_TRY(auto reply, bus_.call(call, kStatusTime));
    Properties out;
    CT_TRY(bool more, reply.enter('a', "{sv}"));
    if (!more) return out;
    for (;;) {
        CT_TRY(more, reply.enter('e', "sv"));
        if (!more) return out;
        CT_CHECK(read_property(reply, out));
        CT_CHECK(reply.exit());
    }
}

DaemonRow NodeBus::describe(const DaemonName& daemon) {
    DaemonRow row{.name = daemon.name};
    if (!installed(daemon)) {
        row.state = "not installed";
    } else if (!answers(daemon)) {
        row.state = "not running";
    } else if (const auto found = properties(daemon, "io.cloudtaser.Daemon1"); !found) {
        row.state = "no answer";
        row.reason = found.error().to_string();
    } else {
        row.state = text_of(*found, "State");
        row.version = text_of(*found, "Version");
        row.reason = text_of(*found, "Reason");
    }
    return row;
}

Result<std::vector<SessionRow>> NodeBus::sessions() {
    CT_TRY(const auto call, bus_.new_call(to(kSecretd, kManager), "ListSessions", flags()));
    CT_TRY(auto reply, bus_.call(call));
    std::vector<SessionRow> out;
    CT_TRY(bool more, reply.enter('a', "(ossutss)"));
    if (!more) return out;
    for (;;) {
        CT_TRY(more, reply.enter('r', "ossutss"));
        if (!more) return out;
        SessionRow row;
        CT_TRY(auto path, reply.read<bus::ObjectPath>());
        row.path = std::move(path.text);
        CT_TRY(row.workload, reply.read<std::string>());
        CT_TRY(row.state, reply.read<std::string>());
        CT_TRY(row.uid, reply.read<std::uint32_t>());
        CT_TRY(const auto opened, reply.read<std::uint64_t>());
        row.opened = WallTime(Seconds(opened));
        CT_TRY(row.evidence, reply.read<std::string>());
        CT_TRY(row.tiers, reply.read<std::string>());
        CT_CHECK(reply.exit());
        out.push_back(std::move(row));
    }
}

Status NodeBus::reload(const DaemonName& daemon) {
    CT_TRY(const auto call, bus_.new_call(to(daemon, "io.cloudtaser.Daemon1"), "Reload", flags()));
    CT_TRY(const auto reply, bus_.call(call));
    static_cast<void>(reply);
    return {};
}

Status NodeBus::introduce(const std::string& kind) {
    CT_TRY(auto call, bus_.new_call(to(kAttestd, "io.cloudtaser.Attest1.Manager"), "Introduce", flags()));
    CT_CHECK(call.append(kind));
    CT_TRY(const auto reply, bus_.call(call, kReleaseTime));  // a TPM may take seconds to make its keys
    static_cast<void>(reply);
    return {};
}

Result<std::uint32_t> NodeBus::revoke(const std::string& workload) {
    CT_TRY(auto call, bus_.new_call(to(kSecretd, kManager), "RevokeWorkload", flags()));
    CT_CHECK(call.append(workload));
    CT_TRY(auto reply, bus_.call(call));
    return reply.read<std::uint32_t>();
}

Result<Fetched> NodeBus::fetch(const std::string& workload, const std::string& name) {
    CT_TRY(const Fd self, pidfd_open(::getpid()));
    CT_TRY(auto open, bus_.new_call(to(kSecretd, kManager), "OpenSession", flags()));
    CT_CHECK(open.append_all(workload, self));
    CT_CHECK(bus::append_options(open, {}));
    CT_TRY(auto opened, bus_.call(open, kReleaseTime));
    CT_TRY(const auto session, opened.read<bus::ObjectPath>());
    CT_TRY(Fd socket, opened.read<Fd>());
    CT_TRY(auto line, bus::Connection::open_peer(std::move(socket)));
    CT_TRY(auto call, line.new_call({{}, "/io/cloudtaser/Secret1/session", "io.cloudtaser.Secret1.Session"}, "Fetch",
                                    {.sensitive = true}));
    CT_CHECK(call.append(name));
    CT_CHECK(bus::append_options(call, {}));
    CT_TRY(auto reply, line.call(call, kReleaseTime));
    Fetched out;
    CT_TRY(out.fd, reply.read<Fd>());
    CT_TRY(out.size, reply.read<std::uint64_t>());
    CT_TRY(out.version, reply.read<std::uint64_t>());
    return out;  // the line closes here, and the session ends with it
}

}  // namespace ct::ctl
