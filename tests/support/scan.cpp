// SPDX-License-Identifier: Apache-2.0
#include "support/scan.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <sstream>

#include "base/fd.h"

namespace ct::test {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kChunk = 256;  // pages read at once

// The PAGEMAP_SCAN ioctl of /proc/PID/pagemap (Linux 6.7, linux/fs.h): runs of pages that are there, without a look at each of
// the billions that a sanitizer or a JVM reserves.
struct PageRegion {
    std::uint64_t start, end, categories;
};
struct ScanArgument {
    std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask,
        category_anyof_mask, return_mask;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArgument);
constexpr std::uint64_t kPresentOrSwapped = 1 << 3 | 1 << 4;

using Visit = std::function<void(std::uint64_t start, std::uint64_t end)>;

bool scan_pages(int pagemap, std::uint64_t start, std::uint64_t end, const Visit& visit) {
    while (start < end) {
        std::array<PageRegion, 256> regions{};
        ScanArgument argument{sizeof argument,
                              0,
                              start,
                              end,
                              0,
                              reinterpret_cast<std::uint64_t>(regions.data()),
                              regions.size(),
                              0,
                              0,
                              0,
                              kPresentOrSwapped,
                              kPresentOrSwapped};
        const int count = ::ioctl(pagemap, kPagemapScan, &argument);
        if (count < 0) return false;
        for (int i = 0; i < count; ++i)
            for (std::uint64_t at = regions[i].start; at < regions[i].end; at += kChunk * kPage)
                visit(at, std::min(regions[i].end, at + kChunk * kPage));
        start = argument.walk_end;
    }
    return true;
}

void read_pagemap(int pagemap, std::uint64_t start, std::uint64_t end, const Visit& visit) {
    for (std::uint64_t at = start; at < end; at += kChunk * kPage) {
        const std::uint64_t count = std::min(kChunk, (end - at) / kPage);
        std::vector<std::uint64_t> entries(count, ~0ULL);
        if (::pread(pagemap, entries.data(), 8 * count, static_cast<off_t>(at / kPage * 8)) < 0)
            entries.assign(count, ~0ULL);
        for (std::uint64_t i = 0; i < count;) {
            std::uint64_t run = i;
            while (run < count && (entries[run] >> 62) != 0)
                ++run;  // present or swapped
            if (run > i) visit(at + i * kPage, at + run * kPage);
            i = std::max(run, i + 1);
        }
    }
}
constexpr std::size_t kLimit = 64 << 20;

std::string proc(int pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

// A run of pages that are there, read and searched; `tail` carries the end of the run before, for needles across pages.
class Searcher {
public:
    Searcher(int mem, std::string_view needle) : mem_(mem), needle_(needle) {}

    void search(const Mapping& mapping, std::uint64_t start, std::uint64_t end) {
        if (start != next_) tail_.clear();
        next_ = end;
        std::string bytes(tail_);
        const std::uint64_t base = start - tail_.size();
        bytes.resize(tail_.size() + (end - start));
        const ssize_t got = ::pread(mem_, bytes.data() + tail_.size(), end - start, static_cast<off_t>(start));
        if (got <= 0) {
            tail_.clear();
            return;
        }
        bytes.resize(tail_.size() + static_cast<std::size_t>(got));
        for (auto at = bytes.find(needle_); at != std::string::npos; at = bytes.find(needle_, at + 1))
            copies.push_back({base + at, mapping.name.empty() ? "anonymous" : mapping.name});
        tail_ = bytes.substr(bytes.size() - std::min(bytes.size(), needle_.size() - 1));
    }
    std::vector<Copy> copies;

private:
    int mem_;
    std::string_view needle_;
    std::string tail_;
    std::uint64_t next_ = 0;
};

std::string stat_of(int pid) { return read_file(proc(pid, "stat"), 4096).value_or(""); }

int parent_of(int pid) {
    const std::string stat = stat_of(pid);
    const auto at = stat.rfind(')');
    int parent = 0;
    if (at != std::string::npos && stat.size() > at + 4)
        std::from_chars(stat.data() + at + 4, stat.data() + stat.size(), parent);
    return parent;
}

}  // namespace

Result<std::vector<Mapping>> mappings(int pid) {
    CT_TRY(const std::string text, read_file(proc(pid, "maps"), kLimit));
    std::vector<Mapping> result;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        Mapping mapping;
        char permissions[8] = {};
        int name = 0;
        unsigned long start = 0, end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx %7s %*s %*s %*s %n", &start, &end, permissions, &name) < 3) continue;
        mapping.start = start;
        mapping.end = end;
        mapping.permissions = permissions;
        if (name > 0) mapping.name = line.substr(static_cast<std::size_t>(name));
        result.push_back(std::move(mapping));
    }
    return result;
}

Result<std::vector<Copy>> find_copies(int pid, std::string_view needle) {
    CT_TRY(const auto all, mappings(pid));
    const Fd mem(::open(proc(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC));
    if (!mem) return fail_errno(Reason::io_failed, proc(pid, "mem"));
    const Fd pagemap(::open(proc(pid, "pagemap").c_str(), O_RDONLY | O_CLOEXEC));
    if (!pagemap) return fail_errno(Reason::io_failed, proc(pid, "pagemap"));
    Searcher searcher(mem.get(), needle);
    for (const auto& mapping : all) {
        if (mapping.name == "[vvar]" || mapping.name == "[vvar_vclock]" || mapping.name == "[vsyscall]") continue;
        const Visit visit = [&](std::uint64_t start, std::uint64_t end) { searcher.search(mapping, start, end); };
        if (!scan_pages(pagemap.get(), mapping.start, mapping.end, visit))
            read_pagemap(pagemap.get(), mapping.start, mapping.end, visit);
    }
    return std::move(searcher.copies);
}

std::string widened(std::string_view needle, int width) {
    std::string wide;
    for (const char c : needle)
        wide.append(1, c).append(static_cast<std::size_t>(width - 1), '\0');
    return wide;
}

std::string describe(const std::vector<Copy>& copies) {
    if (copies.empty()) return "none";
    std::map<std::string, int> counts;
    for (const auto& copy : copies)
        ++counts[copy.mapping];
    std::string text;
    for (const auto& [name, count] : counts)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " in " + name;
    return text;
}

Result<std::string> environment_block(int pid) { return read_file(proc(pid, "environ"), kLimit); }

std::optional<std::string> shown_value(int pid, std::string_view name) {
    const auto block = environment_block(pid);
    if (!block) return std::nullopt;
    const std::string key = std::string(name) + "=";
    auto at = block->starts_with(key) ? 0 : block->find(std::string(1, '\0') + key);
    if (at == std::string::npos) return std::nullopt;
    if (at != 0 || !block->starts_with(key)) ++at;
    at += key.size();
    // Up to the first byte of the next string: a value of NULs only is what a placeholder shows.
    auto end = block->find('\0', at);
    while (end != std::string::npos && end + 1 < block->size() && (*block)[end + 1] == '\0')
        ++end;
    return block->substr(at, end == std::string::npos ? end : end - at + 1);
}

std::vector<int> children_of(int pid) {
    std::vector<int> children;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        int other = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), other).ptr != name.data() + name.size()) continue;
        if (parent_of(other) == pid) children.push_back(other);
    }
    return children;
}

std::vector<int> process_tree(int pid) {
    std::vector<int> tree{pid};
    for (std::size_t i = 0; i < tree.size(); ++i)
        std::ranges::copy(children_of(tree[i]), std::back_inserter(tree));
    return tree;
}

}  // namespace ct::test
