// SPDX-License-Identifier: Apache-2.0
#include "clients/run/directory.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"

namespace ct::run {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kNumbers = 8;  // offset and secret

}  // namespace

Bytes make_directory(const std::vector<DirectoryEntry>& entries, const Mark& mark) {
    Bytes text;
    for (const auto& entry : entries) {
        std::array<std::uint8_t, kNumbers> numbers{};
        std::memcpy(numbers.data(), &entry.offset, 4);
        std::memcpy(numbers.data() + 4, &entry.secret, 4);
        append(text, numbers);
        append(text, as_bytes(entry.name));
        text.push_back(0);
    }
    const DirectoryFooter footer{mark, text.size()};
    const std::size_t size = (text.size() + sizeof footer + kPage - 1) / kPage * kPage;
    Bytes pages(size - text.size() - sizeof footer, 0);  // the end is what is found first
    append(pages, text);
    append(pages, {reinterpret_cast<const std::uint8_t*>(&footer), sizeof footer});  // NOLINT: raw bytes
    return pages;
}

Result<std::vector<DirectoryEntry>> parse_directory(ByteView entries) {
    std::vector<DirectoryEntry> result;
    while (!entries.empty()) {
        if (entries.size() <= kNumbers || result.size() == limits::kSecretsPerWorkload * 2)
            return fail(Reason::malformed, "directory of secrets");
        DirectoryEntry entry;
        std::memcpy(&entry.offset, entries.data(), 4);
        std::memcpy(&entry.secret, entries.data() + 4, 4);
        entries = entries.subspan(kNumbers);
        const auto end = std::ranges::find(entries, std::uint8_t{0});
        if (end == entries.end()) return fail(Reason::malformed, "directory of secrets");
        entry.name = std::string(as_text(entries.first(static_cast<std::size_t>(end - entries.begin()))));
        entries = entries.subspan(entry.name.size() + 1);
        result.push_back(std::move(entry));
    }
    return result;
}

}  // namespace ct::run
