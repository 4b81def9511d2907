// SPDX-License-Identifier: Apache-2.0
#include "daemons/bridge/service.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "audit/event.h"

namespace ct::bridge {
namespace {

constexpr const char* kPath = "/io/cloudtaser/Bridge1";
constexpr const char* kInterface = "io.cloudtaser.Bridge1.Manager";

// A peer that vanished without a word is noticed within half a minute, also on an idle stream. Failing to set one of
// these costs time, never safety.
void watch_over(int socket) {
    constexpr std::pair<int, int> kOptions[] = {
        {TCP_KEEPIDLE, 15}, {TCP_KEEPINTVL, 5}, {TCP_KEEPCNT, 3}, {TCP_USER_TIMEOUT, 30'000}};
    const int on = 1;
    static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    for (const auto& [option, value] : kOptions)
        static_cast<void>(::setsockopt(socket, IPPROTO_TCP, option, &value, sizeof value));
}

}  // namespace

Result<std::unique_ptr<daemon::Service>> BridgeService::create(daemon::Daemon& daemon) {
    CT_TRY(auto upstreams, parse_upstreams(daemon.config().root()));
    auto service = std::make_unique<BridgeService>(daemon, std::move(upstreams));
    CT_CHECK(service->serve());
    return service;
}

Status BridgeService::serve() {
    bus::Interface rows(kInterface);
    rows.method({.name = "OpenStream",
                 .in = "sa{sv}",
                 .in_names = {"upstream", "options"},
                 .out = "h",
                 .out_names = {"stream"},
                 .access = bus::Access::only({"cloudtaser-secret"})},
                [this](bus::Call call) { open_stream(std::move(call)); })
        .property({"Upstreams", "a(ssb)", bus::Emits::no}, [this](bus::Message& m) { return list(m); });
    CT_TRY(object_, daemon_.bus().serve(kPath, rows));
    return {};
}

Status BridgeService::reload(const config::Document& document) {
    CT_TRY(upstreams_, parse_upstreams(document.root()));
    return {};
}

void BridgeService::open_stream(bus::Call call) {
    auto name = call.read<std::string>();
    if (!name) return call.fail(name.error());
    if (auto options = call.read_options({}); !options) return call.fail(options.error());
    const auto upstream = upstreams_.find(*name);
    if (upstream == upstreams_.end())
        return call.fail({Reason::upstream_unknown, "no [upstream." + *name + "] in the bridge's configuration"});
    if (pending_.size() >= kPending) return call.fail({Reason::quota_exceeded, "too many connections in the making"});
    const std::uint64_t id = next_id_++;
    auto connecting = connect_tcp(
        daemon_.loop(), upstream->second.address, upstream->second.connect_timeout,
        [this, id, name = *name, call](Result<Fd> stream) { on_connected(id, name, call, std::move(stream)); });
    if (!connecting) return call.fail(connecting.error());
    pending_.emplace(id, std::move(*connecting));
}

void BridgeService::on_connected(std::uint64_t id, const std::string& name, bus::Call call, Result<Fd> stream) {
    // Freed at the end of this call, which runs inside it.
    const auto done = pending_.extract(id);
    reached_[name] = stream.has_value();
    audit::Event event(daemon_.audit(), audit::Type::stream_opened);
    event.set(audit::Field::upstream, name).set(audit::Field::uid, static_cast<std::uint64_t>(call.sender().uid));
    if (!stream) {
        ++daemon_.counter("streams_failed");
        auto error = std::move(stream).error();
        if (error.reason == Reason::timed_out) error.reason = Reason::upstream_unreachable;
        error.context = "upstream " + name + ": " + error.context;
        static_cast<void>(event.failure(error));
        return call.fail(error);
    }
    watch_over(stream->get());
    if (auto recorded = event.success(); !recorded) return call.fail(recorded.error());
    ++daemon_.counter("streams_opened");
    call.reply(*stream);
}

Status BridgeService::list(bus::Message& reply) const {
    CT_CHECK(reply.open('a', "(ssb)"));
    for (const auto& [name, upstream] : upstreams_) {
        const auto reached = reached_.find(name);
        CT_CHECK(reply.open('r', "ssb"));
        CT_CHECK(reply.append_all(name, to_string(upstream.address), reached != reached_.end() && reached->second));
        CT_CHECK(reply.close());
    }
    return reply.close();
}

}  // namespace ct::bridge
