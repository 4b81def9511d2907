// SPDX-License-Identifier: Apache-2.0
// What lies where in a process's secret pages, kept in ordinary memory just before them. Most programs hand on the pointers
// that they were given, and those strings can't be read from outside: that is the point of secret memory. The directory says
// which they are. It holds names and offsets; it goes with the pages wherever the process forks to.
//
//   | entries: u32 offset, u32 secret, name NUL ... | footer: mark, u64 bytes of entries |  secret pages ...
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::run {

using Mark = ByteArray<16>;  // random; tells our memory from other memory

struct DirectoryEntry {
    std::uint32_t offset = 0;  // of the string in the secret pages
    std::uint32_t secret = 0;  // its number
    std::string name;          // as the program calls it
    friend bool operator==(const DirectoryEntry&, const DirectoryEntry&) = default;
};

struct DirectoryFooter {
    Mark mark{};
    std::uint64_t size = 0;  // bytes of entries before it
};

// Whole memory pages, to be put right before the secret ones.
Bytes make_directory(const std::vector<DirectoryEntry>& entries, const Mark& mark);
// The largest that make_directory makes.
inline constexpr std::size_t kDirectoryLimit = 1 << 20;
// Entries as they lie in a process that may have written to them; malformed.
Result<std::vector<DirectoryEntry>> parse_directory(ByteView entries);

}  // namespace ct::run
