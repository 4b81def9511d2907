// SPDX-License-Identifier: Apache-2.0
#include "daemons/bridge/upstreams.h"

#include "base/limits.h"

namespace ct::bridge {
namespace {

Result<Upstream> parse_upstream(const config::Node& node) {
    CT_CHECK(node.only({"address", "connect_timeout"}));
    const auto address = node.get("address");
    if (!address) return node.error("an upstream needs address = \"host:port\"");
    CT_TRY(const auto text, address->as_string());
    Upstream upstream;
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return address->error(endpoint.error().context);
    upstream.address = std::move(*endpoint);
    if (const auto timeout = node.get("connect_timeout")) {
        CT_TRY(const auto seconds, timeout->as_duration());
        if (seconds < Seconds{1} || seconds > Seconds{60}) return timeout->error("connect_timeout: 1s to 60s");
        upstream.connect_timeout = seconds;
    }
    return upstream;
}

}  // namespace

Result<Upstreams> parse_upstreams(const config::Node& root) {
    CT_CHECK(root.only({"upstream", "audit", "log"}));
    Upstreams upstreams;
    const auto table = root.get("upstream");
    if (!table) return root.error("name at least [upstream.gate] and [upstream.openbao]");
    CT_TRY(const auto entries, table->as_table());
    if (entries.empty()) return table->error("name at least [upstream.gate] and [upstream.openbao]");
    for (const auto& [name, node] : entries) {
        if (name.empty() || name.size() > limits::kNameLength) return node.error("upstream names have 1 to 256 bytes");
        CT_TRY(auto upstream, parse_upstream(node));
        upstreams.emplace(name, std::move(upstream));
    }
    return upstreams;
}

}  // namespace ct::bridge
