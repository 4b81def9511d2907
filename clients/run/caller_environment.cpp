// SPDX-License-Identifier: Apache-2.0
#include "clients/run/caller_environment.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/limits.h"
#include "base/registers.h"

namespace ct::run {
namespace {

constexpr std::uint64_t kPage = 4096;

// envp entries from `at` to the end of its memory page, at most 64.
template <class Pointer>
Result<std::vector<std::uint64_t>> read_pointers_as(const RemoteMemory& memory, std::uint64_t at) {
    std::vector<std::uint64_t> pointers;
    std::array<Pointer, 64> chunk{};
    for (;;) {
        // A pointer may straddle two pages only when the array is not aligned; then one is read alone.
        const std::size_t count = std::clamp<std::size_t>((kPage - at % kPage) / sizeof(Pointer), 1, chunk.size());
        CT_CHECK(memory.read(
            at, {reinterpret_cast<std::uint8_t*>(chunk.data()), count * sizeof(Pointer)}));  // NOLINT: raw bytes
        for (std::size_t i = 0; i < count; ++i) {
            if (chunk[i] == 0) return pointers;
            if (pointers.size() == kEnvironmentCount)
                return fail_errno(Reason::too_large, "environment of the caller", E2BIG);
            pointers.push_back(chunk[i]);
        }
        at += count * sizeof(Pointer);
    }
}

class Surveyor {
public:
    Surveyor(const RemoteMemory& memory, const Wanted& wanted, MutableBytes window)
        : memory_(memory), wanted_(wanted), window_(window) {}

    // The string at `address`, whose first `size` bytes are in `start`: which secret it carries, if any.
    Result<std::optional<HandedOn>> examine(std::uint64_t address, ByteView start) {
        const auto end = std::ranges::find(start, std::uint8_t{0});
        if (end != start.end()) return examine_whole(start.first(static_cast<std::size_t>(end - start.begin())));
        return examine_long(address, start);
    }

private:
    [[nodiscard]] std::optional<std::size_t> number_of(std::string_view name) const {
        const auto found = std::ranges::find(wanted_.names, name);
        if (found == wanted_.names.end()) return std::nullopt;
        return static_cast<std::size_t>(found - wanted_.names.begin());
    }

    std::optional<HandedOn> judge(std::string_view name, std::size_t length, const SipHash128::Digest& digest) const {
        const auto own = number_of(name);
        const auto secret = wanted_.fingerprints.find(length, digest, own);
        if (!secret || (secret != own && length < kShortestAlias)) return std::nullopt;
        return HandedOn{0, std::string(name), *secret};
    }

    Result<std::optional<HandedOn>> examine_whole(ByteView text) const {
        const auto equals = std::ranges::find(text, std::uint8_t{'='});
        if (equals == text.end()) return std::nullopt;
        const auto name = as_text(text.first(static_cast<std::size_t>(equals - text.begin())));
        const ByteView value = text.subspan(name.size() + 1);
        if (value.empty()) {
            const auto own = number_of(name);
            if (!wanted_.placeholders || !own) return std::nullopt;
            return HandedOn{0, std::string(name), *own};
        }
        if (!wanted_.fingerprints.knows_length(value.size())) return std::nullopt;
        SipHash128 hash = wanted_.fingerprints.hasher();
        hash.update(value);
        return judge(name, value.size(), hash.finish());
    }

    // Page by page through the window; the name is kept up to the longest that a secret can have.
    Result<std::optional<HandedOn>> examine_long(std::uint64_t address, ByteView start) {
        std::string name;
        bool in_value = false;
        std::size_t length = 0;
        SipHash128 hash = wanted_.fingerprints.hasher();
        for (;;) {
            const auto end = std::ranges::find(start, std::uint8_t{0});
            ByteView text = start.first(static_cast<std::size_t>(end - start.begin()));
            if (!in_value) {
                const auto equals = std::ranges::find(text, std::uint8_t{'='});
                const auto part = text.first(static_cast<std::size_t>(equals - text.begin()));
                name.append(
                    as_text(part).substr(0, limits::kNameLength + 1 - std::min(name.size(), limits::kNameLength + 1)));
                in_value = equals != text.end();
                text = in_value ? text.subspan(part.size() + 1) : ByteView{};
            }
            length += text.size();
            if (length > wanted_.fingerprints.longest()) return std::nullopt;
            hash.update(text);
            if (end != start.end()) break;
            address += start.size();
            // A string without '=' never ends the loop by length; the kernel's own bound does (MAX_ARG_STRLEN).
            if (consumed_ += start.size(); consumed_ > limits::kEnvironmentString + kWindow) return std::nullopt;
            const auto size = std::min<std::uint64_t>(window_.size(), kPage - address % kPage);
            CT_CHECK(memory_.read(address, window_.first(size)));
            start = window_.first(size);
        }
        if (!in_value || name.size() > limits::kNameLength) return std::nullopt;
        return judge(name, length, hash.finish());
    }

    const RemoteMemory& memory_;
    const Wanted& wanted_;
    MutableBytes window_;
    std::size_t consumed_ = 0;
};

// A string that can't be read from outside: one of those that a process got from us, or a bad pointer.
Result<HandedOn> look_up(const RemoteMemory& memory, std::uint64_t pointer, const Wanted& wanted) {
    // No page of the mapping can be read; the first one before it that can is the end of the directory.
    std::uint64_t pages = pointer - pointer % kPage;
    DirectoryFooter footer;
    for (std::size_t left = wanted.longest_mapping;; left -= kPage, pages -= kPage) {
        const auto read = memory.value<DirectoryFooter>(pages - sizeof footer);
        if (read) footer = *read;
        if (read) break;
        if (read.error().sys_errno != EFAULT || left <= kPage || pages <= kPage) return std::unexpected(read.error());
    }
    if (footer.mark != wanted.mark || footer.size > kDirectoryLimit)
        return fail_errno(Reason::guard_failed, "the caller's environment", EFAULT);
    Bytes bytes(footer.size);
    CT_CHECK(memory.read(pages - sizeof footer - bytes.size(), bytes));
    CT_TRY(const auto entries, parse_directory(bytes));
    const auto entry = std::ranges::find(entries, pointer - pages, &DirectoryEntry::offset);
    if (entry == entries.end() || entry->secret >= wanted.names.size())
        return fail_errno(Reason::guard_failed, "the caller's environment", EFAULT);
    return HandedOn{0, entry->name, entry->secret};
}

}  // namespace

Result<CallerEnvironment> survey(const RemoteMemory& memory, std::uint64_t envp, bool is_64bit, const Wanted& wanted,
                                 MutableBytes buffer) {
    const RegisterGuard registers;
    CallerEnvironment caller;
    if (envp == 0) return caller;  // Linux takes a null envp for an empty one
    if (is_64bit) {
        CT_TRY(caller.pointers, read_pointers_as<std::uint64_t>(memory, envp));
    } else {
        CT_TRY(caller.pointers, read_pointers_as<std::uint32_t>(memory, envp));
    }
    const MutableBytes window = buffer.last(kWindow);
    const MutableBytes pieces = buffer.first(buffer.size() - kWindow);
    const std::size_t batch = pieces.size() / kWindow;
    for (std::size_t first = 0; first < caller.pointers.size();) {
        const auto some = std::span<const std::uint64_t>(caller.pointers)
                              .subspan(first, std::min(batch, caller.pointers.size() - first));
        CT_TRY(const auto sizes, memory.read_pieces(some, pieces, kWindow));
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            Surveyor surveyor(memory, wanted, window);
            CT_TRY(auto found, surveyor.examine(some[i], pieces.subspan(i * kWindow, sizes[i])));
            if (!found) continue;
            found->index = first + i;
            caller.secrets.push_back(std::move(*found));
        }
        first += sizes.size();
        if (sizes.size() == some.size()) continue;
        CT_TRY(auto found, look_up(memory, some[sizes.size()], wanted));
        found.index = first++;
        caller.secrets.push_back(std::move(found));
    }
    wipe(buffer.data(), buffer.size());
    return caller;
}

}  // namespace ct::run
