// SPDX-License-Identifier: Apache-2.0
// Reference values of a policy: the values that a measurement or an identity may have, each for as long as it is good.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/tree.h"

namespace ct::attest {

// In TOML: "HEX", or { value = "HEX", until = "2027-01-31" }; one, or a list of them.
struct AllowedValue {
    Bytes value;
    WallTime until = WallTime::max();
};
using AllowedValues = std::vector<AllowedValue>;

// Of the member `key`, each of `size` bytes; empty when there is no such member.
Result<AllowedValues> read_allowed(const config::Node& table, std::string_view key, std::size_t size);
Result<AllowedValues> parse_allowed(const config::Node& node, std::size_t size);

// Until when `value` is allowed; in the past for one that is not, or no longer.
WallTime allowed_until(const AllowedValues& values, ByteView value, WallTime at);

}  // namespace ct::attest
