// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/serials.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ranges>

#include "base/fd.h"

namespace ct::gate {
namespace {

constexpr std::size_t kFileSize = 4096;

std::string path_in(const std::string& folder) { return folder + "/serials"; }

}  // namespace

Result<Serials> Serials::load(const std::string& folder) {
    Serials out;
    out.folder_ = folder;
    const auto text = read_file(path_in(folder), kFileSize);
    if (!text && text.error().sys_errno == ENOENT) return out;
    if (!text) return std::unexpected(text.error());
    for (const auto part : std::views::split(*text, '\n')) {
        const std::string_view line(part);
        if (line.empty()) continue;
        const auto space = line.find(' ');
        const std::string_view number = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
        std::uint64_t serial = 0;
        const auto [end, error] = std::from_chars(number.begin(), number.end(), serial);
        if (number.empty() || error != std::errc() || end != number.end())
            return fail(Reason::malformed, path_in(folder) + ": expected a purpose and a number in each line");
        out.highest_.insert_or_assign(std::string(line.substr(0, space)), serial);
    }
    return out;
}

std::uint64_t Serials::highest(std::string_view purpose) const {
    const auto at = highest_.find(purpose);
    return at == highest_.end() ? 0 : at->second;
}

Status Serials::check(std::string_view purpose, std::uint64_t serial, const std::string& file) const {
    if (serial >= highest(purpose)) return {};
    return fail(Reason::config_invalid, file + ": its serial is " + std::to_string(serial) +
                                            ", but this gate has had " + std::to_string(highest(purpose)) +
                                            ": sign a newer one");
}

Status Serials::raise(std::string_view purpose, std::uint64_t serial) {
    if (serial <= highest(purpose)) return {};
    auto raised = highest_;
    raised.insert_or_assign(std::string(purpose), serial);
    std::string text;
    for (const auto& [name, value] : raised)
        text.append(name).append(" ").append(std::to_string(value)).append("\n");
    const std::string path = path_in(folder_), temporary = path + ".new";
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return fail_errno(Reason::io_failed, temporary);
    CT_CHECK(write_all(file.get(), text.data(), text.size()));
    if (::fsync(file.get()) != 0) return fail_errno(Reason::io_failed, temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(Reason::io_failed, path);
    const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return fail_errno(Reason::io_failed, folder_);
    highest_ = std::move(raised);
    return {};
}

}  // namespace ct::gate
