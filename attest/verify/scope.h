// SPDX-License-Identifier: Apache-2.0
// What a kind of evidence can speak of at all, for results that say so to others (attest/judge/ear.h).
#pragma once

#include <string_view>
#include <vector>

namespace ct::attest {

struct Scope {
    bool real = true;               // the device is what its kind says, not a stand-in
    bool encrypted_memory = false;  // who runs the machine can't read its memory
    bool instance = false;          // a key of this very machine signed, and the policy knows it
};
Scope scope_of(std::string_view kind);

// The kinds under whose names its claims may be denied: its own, and of a composite those of its parts.
std::vector<std::string_view> denied_as(std::string_view kind);

}  // namespace ct::attest
