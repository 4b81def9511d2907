// SPDX-License-Identifier: Apache-2.0
// Who may call a method: declared in its row, enforced in one place (bus/interface.cpp), after the bus policy.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ct::bus {

// The caller, as the message bus (or the kernel, on a peer line) vouches for it. Never read from /proc.
struct Sender {
    uid_t uid = static_cast<uid_t>(-1);  // effective uid at connect time
    pid_t pid = 0;                       // at connect time; it may have been reused since: never an identity
    std::string name;                    // unique bus name, ":1.42"; empty on a peer line
};

// root and the daemon's own uid pass every rule.
struct Access {
    enum class Kind { anyone, users, polkit };
    Kind kind = Kind::users;         // deny by default
    std::vector<std::string> users;  // user names; one that does not exist on this host allows nobody
    std::string action;              // polkit action; asked interactively when the caller allows it

    static Access anyone() { return {Kind::anyone, {}, {}}; }
    static Access only(std::vector<std::string> users) { return {Kind::users, std::move(users), {}}; }
    static Access polkit(std::string action) { return {Kind::polkit, {}, std::move(action)}; }
};

}  // namespace ct::bus
