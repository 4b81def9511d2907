// SPDX-License-Identifier: Apache-2.0
// What a process hands to its next program: its envp as execve will read it, and which of those strings are secrets. Values
// are read into the given secret memory only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "clients/run/directory.h"
#include "clients/run/fingerprint.h"
#include "clients/run/tracee.h"

namespace ct::run {

// A value that is shorter than this is looked for under its own name only: "1" or "root" under another name is a
// coincidence, and children = "strip" would take it away.
inline constexpr std::size_t kShortestAlias = 8;
// Windows that are read at once from each string; most strings fit.
inline constexpr std::size_t kWindow = 128;
inline constexpr std::size_t kEnvironmentCount = 65536;  // entries of one envp; the kernel's stack limit comes first

struct HandedOn {
    std::size_t index = 0;   // in envp
    std::string name;        // as the caller calls it
    std::size_t secret = 0;  // number of the secret
    friend bool operator==(const HandedOn&, const HandedOn&) = default;
};

struct CallerEnvironment {
    std::vector<std::uint64_t> pointers;  // without the closing null
    std::vector<HandedOn> secrets;        // by index
};

struct Wanted {
    const std::vector<std::string>& names;  // secrets by number
    const Fingerprints& fingerprints;
    // The launcher's own exec: an empty variable of a secret's name is the place that it keeps free. Later on an empty one is
    // the program's own doing.
    bool placeholders = false;
    Mark mark{};                      // of our directories
    std::size_t longest_mapping = 0;  // bytes of secret pages that a process can have
};

// `buffer` is secret memory of at least 2 * kWindow bytes. EFAULT as execve would say, and for strings in secret memory of the
// program's own, which nobody can look at; E2BIG.
Result<CallerEnvironment> survey(const RemoteMemory& memory, std::uint64_t envp, bool is_64bit, const Wanted& wanted,
                                 MutableBytes buffer);

}  // namespace ct::run
