// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/serials.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ranges>

#include "base/fd.h"
#include "codec/hex.h"

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
        CT_TRY(const auto had,
               parse(space == line.npos ? std::string_view() : line.substr(space + 1), path_in(folder)));
        out.highest_.insert_or_assign(std::string(line.substr(0, space)), had);
    }
    return out;
}

Result<Serials::Had> Serials::parse(std::string_view text, const std::string& path) {
    const auto space = text.find(' ');
    const auto number = text.substr(0, space);
    Had out;
    const auto [end, error] = std::from_chars(number.begin(), number.end(), out.serial);
    if (number.empty() || error != std::errc() || end != number.end())
        return fail(Reason::malformed, path + ": expected a purpose, a number and a hash in each line");
    if (space == std::string_view::npos) return out;
    auto content = hex_decode_array<32>(text.substr(space + 1));
    if (!content) return fail(Reason::malformed, path + ": " + content.error().context);
    out.content = *content;
    return out;
}

Serials::Had Serials::had(std::string_view purpose) const {
    const auto at = highest_.find(purpose);
    return at == highest_.end() ? Had{} : at->second;
}

std::uint64_t Serials::highest(std::string_view purpose) const { return had(purpose).serial; }

Status Serials::check(std::string_view purpose, std::uint64_t serial, const Sha256& content,
                      const std::string& file) const {
    const auto last = had(purpose);
    if (serial < last.serial)
        return fail(Reason::config_invalid, file + ": its serial is " + std::to_string(serial) +
                                                ", but this gate has had " + std::to_string(last.serial) +
                                                ": sign a newer one");
    if (serial == last.serial && last.content && *last.content != content)
        return fail(Reason::config_invalid, file + ": its serial is " + std::to_string(serial) +
                                                ", and this gate has had another file of that serial: sign one with a "
                                                "higher serial");
    return {};
}

Status Serials::raise(std::string_view purpose, std::uint64_t serial, const Sha256& content) {
    const auto last = had(purpose);
    if (serial < last.serial || (serial == last.serial && last.content)) return {};
    auto raised = highest_;
    raised.insert_or_assign(std::string(purpose), Had{serial, content});
    std::string text;
    for (const auto& [name, value] : raised) {
        text.append(name).append(" ").append(std::to_string(value.serial));
        if (value.content) text.append(" ").append(hex_encode(*value.content));
        text.append("\n");
    }
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
