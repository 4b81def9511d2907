// SPDX-License-Identifier: Apache-2.0
// The places that this node may reach, by name (/etc/cloudtaser/bridge.toml, [upstream.NAME]). Nothing else is dialled.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/tree.h"
#include "loop/connect.h"

namespace ct::bridge {

struct Upstream {
    Endpoint address;
    Millis connect_timeout{5000};
};

using Upstreams = std::map<std::string, Upstream>;

// Reads the whole document; config_invalid with file:line.
Result<Upstreams> parse_upstreams(const config::Node& root);

}  // namespace ct::bridge
