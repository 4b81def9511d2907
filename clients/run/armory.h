// SPDX-License-Identifier: Apache-2.0
// Where the guard gets a fresh page of secrets for one process. The product asks secretd over the session's line
// (session_line.h); tests keep their own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ct::run {

struct ArmedEntry {
    std::string name;
    std::size_t offset = 0;  // of "NAME=value\0" in the page
    std::size_t length = 0;  // bytes, with name and NUL
    bool rearm = true;       // false: children of the launched program do not get it
};

struct Armed {
    Fd page;               // memfd_secret, ours alone
    std::size_t size = 0;  // bytes in use
    std::vector<ArmedEntry> entries;
};

class Armory {
public:
    Armory() = default;
    Armory(const Armory&) = delete;
    Armory& operator=(const Armory&) = delete;
    virtual ~Armory() = default;
    // `done` runs once, from the loop. session_ended and daemon_unavailable say that nothing will ever come again.
    virtual void arm(const Fd& pidfd, std::function<void(Result<Armed>)> done) = 0;
};

// Whether entries lie inside the page and carry usable names; malformed otherwise. Content is checked by open_page.
Status check_entries(const Armed& armed);

}  // namespace ct::run
