// SPDX-License-Identifier: Apache-2.0
#include "support/session_client.h"

#include <unistd.h>

namespace ct::test {
namespace {

const bus::Destination kLine{"", "/io/cloudtaser/Secret1/session", "io.cloudtaser.Secret1.Session"};

Result<std::string> text_of(const Fd& page, std::uint64_t size) {
    if (size == 0) return std::string();
    CT_TRY(const auto mapping, SecretMapping::map_read_only(page.get(), size));
    return std::string(as_text(mapping.bytes().first(size)));
}

}  // namespace

Result<SessionClient> SessionClient::open(const std::string& workload, const bus::StringMap& env) {
    CT_TRY(auto session, open_unspoken(workload, env));
    return speak(std::move(session));
}

Result<SessionClient> SessionClient::speak(Unspoken session) {
    CT_TRY(auto peer, bus::Connection::open_peer(std::move(session.line)));
    return SessionClient(std::move(session.path), std::move(peer));
}

Result<SessionClient::Unspoken> SessionClient::open_unspoken(const std::string& workload, const bus::StringMap& env) {
    CT_TRY(auto connection, bus::Connection::open_system("session client"));
    return open_unspoken(connection, workload, env);
}

Result<SessionClient::Unspoken> SessionClient::open_unspoken(bus::Connection& bus, const std::string& workload,
                                                             const bus::StringMap& env) {
    CT_TRY(auto call, bus.new_call({"io.cloudtaser.Secret1", "/io/cloudtaser/Secret1", "io.cloudtaser.Secret1.Manager"},
                                   "OpenSession"));
    CT_TRY(const Fd self, pidfd_open(::getpid()));
    CT_CHECK(call.append_all(workload, self));
    std::map<std::string, bus::OptionValue> options;
    if (!env.empty()) options.emplace("env", env);
    CT_CHECK(bus::append_options(call, options));
    CT_TRY(auto reply, bus.call(call, std::chrono::seconds(30)));
    CT_TRY(const auto path, reply.read<bus::ObjectPath>());
    CT_TRY(Fd line, reply.read<Fd>());
    return Unspoken{path.text, std::move(line)};
}

Result<std::map<std::string, std::string>> SessionClient::arm() {
    CT_TRY(auto call, line_.new_call(kLine, "Arm"));
    CT_TRY(const Fd self, pidfd_open(::getpid()));
    CT_CHECK(call.append(self));
    CT_CHECK(bus::append_options(call, {}));
    CT_TRY(auto reply, line_.call(call));
    CT_TRY(const Fd page, reply.read<Fd>());
    CT_TRY(const auto size, reply.read<std::uint64_t>());
    CT_TRY(const auto content, text_of(page, size));
    std::map<std::string, std::string> values;
    CT_TRY(const bool list, reply.enter('a', "(sttb)"));
    while (list) {
        CT_TRY(const bool more, reply.enter('r', "sttb"));
        if (!more) break;
        CT_TRY(const auto name, reply.read<std::string>());
        CT_TRY(const auto offset, reply.read<std::uint64_t>());
        CT_TRY(const auto length, reply.read<std::uint64_t>());
        CT_TRY(const auto rearm, reply.read<bool>());
        static_cast<void>(rearm);
        CT_CHECK(reply.exit());
        if (offset + length > content.size() || content[offset + length - 1] != '\0' ||
            content.compare(offset, name.size() + 1, name + "=") != 0)
            return fail(Reason::malformed, "the page is not laid out as its entries say");
        values[name] = content.substr(offset + name.size() + 1, length - name.size() - 2);
    }
    return values;
}

Result<std::string> SessionClient::fetch(const std::string& name) {
    CT_TRY(auto call, line_.new_call(kLine, "Fetch"));
    CT_CHECK(call.append(name));
    CT_CHECK(bus::append_options(call, {}));
    CT_TRY(auto reply, line_.call(call));
    CT_TRY(const Fd page, reply.read<Fd>());
    CT_TRY(const auto size, reply.read<std::uint64_t>());
    return text_of(page, size);
}

Result<std::string> SessionClient::property(const std::string& name) {
    bus::Destination properties = kLine;
    properties.interface = "org.freedesktop.DBus.Properties";
    CT_TRY(auto call, line_.new_call(properties, "Get"));
    CT_CHECK(call.append_all(kLine.interface, name));
    CT_TRY(auto reply, line_.call(call));
    CT_TRY(const bool text, reply.enter('v', "s"));
    if (!text) return fail(Reason::malformed, "no text");
    return reply.read<std::string>();
}

bool SessionClient::closed_within(Millis most) {
    auto loop = EventLoop::create();
    bool closed = false;
    if (!loop || !line_.attach(*loop)) return false;
    if (!line_.on_closed([&] { closed = true; })) return false;
    const BootTime end = loop->now() + most;
    while (!closed && loop->now() < end)
        if (!loop->run_once(end - loop->now())) return false;
    return closed;
}

}  // namespace ct::test
