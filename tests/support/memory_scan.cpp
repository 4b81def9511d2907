// SPDX-License-Identifier: Apache-2.0
#include "support/memory_scan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/fd.h"
#include "base/secret_arena.h"

namespace ct::test {
namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::uint64_t kLargestMapping = 1ULL << 40;  // the sanitizers' shadow is larger, and holds no copies

std::uint64_t load(const std::uint8_t* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

std::size_t slot(std::uint64_t word) { return (word * 0x9E3779B97F4A7C15ULL) >> 48; }

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
    if (masked.size() < kWindow) std::abort();
    needles_.push_back({std::move(name), std::move(masked)});
}

std::string MemoryScan::find() const {
    constexpr std::uint64_t kMaskWord = 0x0101010101010101ULL * kMask;
    auto starts = std::make_unique<std::bitset<65536>>();
    for (const auto& needle : needles_)
        for (std::size_t i = 0; i + kWindow <= needle.masked.size(); ++i)
            starts->set(slot(load(&needle.masked[i])));

    std::ostringstream places;
    // What is read may hold a needle: it goes to secret memory, which is not searched.
    auto buffer = SecretBuffer::create(kChunk + kWindow);
    const Fd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
    const PageMap pages;
    if (!buffer || !memory) std::abort();
    std::uint8_t* data = buffer->bytes().data();

    const auto look_at = [&](std::uint64_t address, const std::uint8_t* at, std::uint64_t& last,
                             const std::string& where) {
        const std::uint64_t first = load(at) ^ kMaskWord, second = load(at + 8) ^ kMaskWord;
        for (const auto& needle : needles_)
            for (std::size_t n = 0; n + kWindow <= needle.masked.size(); ++n) {
                if (load(&needle.masked[n]) != first || load(&needle.masked[n + 8]) != second) continue;
                if (address != last + 1)
                    places << needle.name << "[" << std::dec << n << "...] at " << std::hex << address << " in "
                           << where << "\n";
                last = address;
                return;
            }
    };
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uint64_t begin = 0, end = 0;
        char readable = '-';
        if (std::sscanf(line.c_str(), "%lx-%lx %c", &begin, &end, &readable) != 3 || readable != 'r') continue;
        if (line.contains("secretmem") || line.contains("memfd:cloudtaser-locked") || line.contains("[vvar") ||
            line.contains("[vsyscall]") || end - begin > kLargestMapping)
            continue;
        std::uint64_t last = 0;
        for (std::uint64_t at = begin; at < end; at += kChunk) {
            const std::uint64_t stop = std::min(at + kChunk + kWindow, end);
            if (!pages.any_present(at, stop)) continue;
            const ssize_t got = ::pread(memory.get(), data, stop - at, static_cast<off_t>(at));
            for (ssize_t i = 0; i + static_cast<ssize_t>(kWindow) <= got; ++i)
                if (starts->test(slot(load(data + i) ^ kMaskWord)))
                    look_at(at + static_cast<std::uint64_t>(i), data + i, last, line);
        }
    }
    return places.str();
}

}  // namespace ct::test
