// SPDX-License-Identifier: Apache-2.0
#include "clients/run/placement.h"

#include <linux/auxvec.h>

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "base/registers.h"
#include "clients/run/arch_x86_64.h"

namespace ct::run {
namespace {

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

}  // namespace

Status check_entries(const Armed& armed) {
    if (armed.entries.size() > limits::kSecretsPerWorkload)
        return fail(Reason::too_large, "too many secrets in one page");
    for (const auto& entry : armed.entries) {
        if (entry.name.empty() || entry.name.size() > limits::kNameLength ||
            entry.name.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
            return fail(Reason::malformed, "a secret's name can't be an environment variable");
        if (entry.length < entry.name.size() + 2 || entry.length > limits::kEnvironmentString ||
            entry.offset > armed.size || entry.length > armed.size - entry.offset)
            return fail(Reason::malformed, "a secret lies outside of its page");
    }
    return {};
}

std::vector<std::string> with_placeholders(std::span<const std::string> environment,
                                           std::span<const std::string> names) {
    std::vector<std::string> result;
    std::vector<bool> placed(names.size());
    for (const auto& variable : environment) {
        const auto found = std::ranges::find(names, name_of(variable));
        if (found == names.end()) {
            result.push_back(variable);
        } else if (const auto i = static_cast<std::size_t>(found - names.begin()); !placed[i]) {
            result.push_back(*found + "=");
            placed[i] = true;
        }
    }
    for (std::size_t i = 0; i < names.size(); ++i)
        if (!placed[i]) result.push_back(names[i] + "=");
    return result;
}

void rename_process(std::vector<std::string>& environment, int from, int to) {
    for (auto& variable : environment)
        for (const std::string_view key : {"LISTEN_PID=", "WATCHDOG_PID="})
            if (variable.starts_with(key) && std::string_view(variable).substr(key.size()) == std::to_string(from))
                variable = std::string(key) + std::to_string(to);
}

std::size_t stand_in_size(const CallerEnvironment& caller) {
    std::size_t size = sizeof(Mark) + 8 * (caller.pointers.size() + 1);
    for (const auto& secret : caller.secrets)
        size += secret.name.size() + 2;
    return size;
}

StandIn stand_in(const CallerEnvironment& caller, std::uint64_t base, const Mark& mark) {
    std::vector<std::uint64_t> pointers = caller.pointers;
    pointers.push_back(0);
    const std::uint64_t text_at = base + sizeof(Mark) + 8 * pointers.size();
    std::string text;
    for (const auto& secret : caller.secrets) {
        pointers[secret.index] = text_at + text.size();
        text.append(secret.name).append("=").push_back('\0');
    }
    StandIn result;
    result.envp = base + sizeof(Mark);
    append(result.image, mark);
    append(result.image,
           {reinterpret_cast<const std::uint8_t*>(pointers.data()), 8 * pointers.size()});  // NOLINT: raw bytes
    append(result.image, as_bytes(text));
    return result;
}

bool needs_own_page(std::span<const Grant> grants, const Armed& armed) {
    return grants.size() != armed.entries.size() ||
           std::ranges::any_of(grants, [](const Grant& grant) { return grant.name != grant.entry->name; });
}

PageLayout own_page_layout(std::span<const Grant> grants) {
    PageLayout layout;
    for (const auto& grant : grants) {
        layout.offsets.push_back(layout.size);
        layout.size += grant.entry->length - grant.entry->name.size() + grant.name.size();
    }
    return layout;
}

PageLayout armed_page_layout(std::span<const Grant> grants) {
    PageLayout layout;
    for (const auto& grant : grants)
        layout.offsets.push_back(grant.entry->offset);
    return layout;
}

void fill_own_page(std::span<const Grant> grants, const PageLayout& layout, ByteView armed, MutableBytes page) {
    const RegisterGuard registers;
    for (std::size_t i = 0; i < grants.size(); ++i) {
        const auto& [index, name, secret, entry] = grants[i];
        const ByteView tail =
            armed.subspan(entry->offset + entry->name.size(), entry->length - entry->name.size());  // "=value\0"
        std::memcpy(page.data() + layout.offsets[i], name.data(), name.size());
        std::memcpy(page.data() + layout.offsets[i] + name.size(), tail.data(), tail.size());
    }
}

std::vector<DirectoryEntry> directory_of(std::span<const Grant> grants, const PageLayout& layout) {
    std::vector<DirectoryEntry> entries;
    for (std::size_t i = 0; i < grants.size(); ++i)
        entries.push_back({static_cast<std::uint32_t>(layout.offsets[i]), static_cast<std::uint32_t>(grants[i].secret),
                           grants[i].name});
    return entries;
}

Result<Auxiliary> read_auxiliary(std::span<const std::uint64_t> words) {
    Auxiliary found;
    std::uint64_t uid = 0, euid = 0, gid = 0, egid = 0;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        const std::uint64_t value = words[i + 1];
        switch (words[i]) {
            case AT_SYSINFO_EHDR:
                found.vdso = value;
                break;
            case AT_UID:
                uid = value;
                break;
            case AT_EUID:
                euid = value;
                break;
            case AT_GID:
                gid = value;
                break;
            case AT_EGID:
                egid = value;
                break;
            case AT_NULL:
                found.set_id = uid != euid || gid != egid;
                return found;
            default:
                break;
        }
    }
    return fail(Reason::malformed, "the new program's auxiliary vector has no end");
}

std::optional<std::size_t> find_syscall(ByteView code) {
    const auto found = std::ranges::search(code, arch::kSyscallInstruction);
    if (found.empty()) return std::nullopt;
    return static_cast<std::size_t>(found.begin() - code.begin());
}

}  // namespace ct::run
