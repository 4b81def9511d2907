// SPDX-License-Identifier: Apache-2.0
#include "support/memory_scan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/fd.h"
#include "base/secret_arena.h"

namespace ct::test {
namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::uint64_t kLargestMapping = 1ULL << 40;  // the sanitizers' shadow is larger, and holds no copies

// Asks the kernel which pages exist at all: most of what is mapped was never touched.
class PageMap {
public:
    PageMap() : fd_(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}
    [[nodiscard]] bool any_present(std::uint64_t begin, std::uint64_t end) const {
        const auto first = begin / kPage;
        std::array<std::uint64_t, kChunk / kPage + 1> entries{};
        const std::size_t count = std::min<std::size_t>((end - 1) / kPage - first + 1, entries.size());
        const ssize_t got = ::pread(fd_.get(), entries.data(), count * 8, static_cast<off_t>(first * 8));
        if (got != static_cast<ssize_t>(count * 8)) return true;
        // Bit 63: present, 62: swapped (Documentation/admin-guide/mm/pagemap.rst)
        return std::ranges::any_of(entries, [](std::uint64_t entry) { return (entry >> 62) != 0; });
    }

private:
    static constexpr std::uint64_t kPage = 4096;
    Fd fd_;
};

}  // namespace

void MemoryScan::add(std::string name, Bytes masked) {
    names_.push_back(std::move(name));
    windows_.add(std::move(masked));
}

void MemoryScan::look_at(ByteView bytes, std::uint64_t address, const std::string& where, std::ostream& places) const {
    windows_.search(bytes, [&](const Windows::Run& run) {
        places << names_[run.needle] << "[" << std::dec << run.offset << "...] at " << std::hex << address + run.at
               << " in " << where << "\n";
    });
}

std::string MemoryScan::find_in_secret_memory() const {
    std::ostringstream places;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uint64_t begin = 0, end = 0;
        if (!line.contains("secretmem") || std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2) continue;
        // Only its owner can read it, and only through the mapping.
        look_at({reinterpret_cast<const std::uint8_t*>(begin), end - begin}, begin, line,
                places);  // NOLINT(performance-no-int-to-ptr): maps are text
    }
    return places.str();
}

std::string MemoryScan::find() const {
    std::ostringstream places;
    // What is read may hold a needle: it goes to secret memory, which is not searched.
    auto buffer = SecretBuffer::create(kChunk + kWindow);
    const Fd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
    const PageMap pages;
    if (!buffer || !memory) std::abort();
    std::uint8_t* data = buffer->bytes().data();
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uint64_t begin = 0, end = 0;
        char readable = '-';
        if (std::sscanf(line.c_str(), "%lx-%lx %c", &begin, &end, &readable) != 3 || readable != 'r') continue;
        if (line.contains("secretmem") || line.contains("memfd:cloudtaser-locked") || line.contains("[vvar") ||
            line.contains("[vsyscall]") || end - begin > kLargestMapping)
            continue;
        for (std::uint64_t at = begin; at < end; at += kChunk) {
            const std::uint64_t stop = std::min(at + kChunk + kWindow, end);
            if (!pages.any_present(at, stop)) continue;
            const ssize_t got = ::pread(memory.get(), data, stop - at, static_cast<off_t>(at));
            if (got <= 0) continue;
            look_at({data, static_cast<std::size_t>(got)}, at, line, places);
        }
    }
    return places.str();
}

}  // namespace ct::test
