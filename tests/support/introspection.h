// SPDX-License-Identifier: Apache-2.0
// What an interface offers, from introspection XML: of the running daemon, or of the contract in dbus/interfaces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ct::test {

std::vector<std::string> interfaces_of(std::string_view xml);

// One line a member, sorted: "method OpenStream(s upstream, a{sv} options) -> (h stream)",
// "property Upstreams a(ssb) read, changes false", "signal SessionNew(o session)". Empty if there is no such interface.
std::vector<std::string> members_of(std::string_view xml, std::string_view interface);

}  // namespace ct::test
