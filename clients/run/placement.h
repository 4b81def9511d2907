// SPDX-License-Identifier: Apache-2.0
// Where things go, as pure functions: the environment of the first exec, the envp that stands in for one that carries
// secrets, the page that a process gets, and the words on a new program's stack.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "clients/run/armory.h"
#include "clients/run/caller_environment.h"

namespace ct::run {

// The environment for the first exec: `NAME=` for each secret, in the place of a variable of that name if there is one
// (the mapping wins over what the caller had set), at the end otherwise.
std::vector<std::string> with_placeholders(std::span<const std::string> environment,
                                           std::span<const std::string> names);
// Variables that name the process by its pid (LISTEN_PID, WATCHDOG_PID) follow it when it gets another one.
void rename_process(std::vector<std::string>& environment, int from, int to);

// An envp for execve that hides the secrets: the caller's own pointers, but `NAME=` where a secret was. It is put into the
// caller at `base`; the mark at its head tells it from other memory.
struct StandIn {
    Bytes image;
    std::uint64_t envp = 0;  // address of its envp
};
StandIn stand_in(const CallerEnvironment& caller, std::uint64_t base, const Mark& mark);
std::size_t stand_in_size(const CallerEnvironment& caller);

// Which string a process gets for which envp entry.
struct Grant {
    std::size_t index = 0;   // in envp
    std::string name;        // as the program calls it
    std::size_t secret = 0;  // its number
    const ArmedEntry* entry = nullptr;
};
// A page as armed serves as it is when each of its strings is granted under its own name. Otherwise the process gets one with
// just its own strings: it must not be able to reach what it was not given.
bool needs_own_page(std::span<const Grant> grants, const Armed& armed);
// The size of that page, and the offset of each grant's string in it, in the order of the grants.
struct PageLayout {
    std::size_t size = 0;
    std::vector<std::size_t> offsets;
};
PageLayout own_page_layout(std::span<const Grant> grants);
// As the page is armed.
PageLayout armed_page_layout(std::span<const Grant> grants);
std::vector<DirectoryEntry> directory_of(std::span<const Grant> grants, const PageLayout& layout);
// Copies the strings; both are secret memory.
void fill_own_page(std::span<const Grant> grants, const PageLayout& layout, ByteView armed, MutableBytes page);

// The initial stack of a 64-bit program with `argc` arguments and `count` environment strings.
constexpr std::uint64_t envp_on_stack(std::uint64_t stack, std::uint64_t argc) { return stack + 8 * (1 + argc + 1); }
constexpr std::uint64_t auxv_on_stack(std::uint64_t stack, std::uint64_t argc, std::size_t count) {
    return envp_on_stack(stack, argc) + 8 * (count + 1);
}
struct Auxiliary {
    std::uint64_t vdso = 0;  // AT_SYSINFO_EHDR; 0 when the kernel maps none
    bool set_id = false;     // a set-uid or set-gid image. Not AT_SECURE: an SELinux transition sets that as well
};
// malformed when there is no AT_NULL.
Result<Auxiliary> read_auxiliary(std::span<const std::uint64_t> words);
// Offset of a `syscall` instruction in the vdso's code.
std::optional<std::size_t> find_syscall(ByteView code);

}  // namespace ct::run
