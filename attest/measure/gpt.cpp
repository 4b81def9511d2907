// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/gpt.h"

#include <algorithm>
#include <string>

#include "attest/evidence/cursor.h"

namespace ct::attest::measure {
namespace {

constexpr std::string_view kSignature = "EFI PART";
constexpr std::size_t kHeader = 92, kChecksum = 16, kTypeGuid = 16, kSmallestEntry = 128;
constexpr std::uint32_t kRevision = 0x00010000, kMostEntries = 4096;

std::unexpected<Error> malformed(const char* what) {
    return fail(Reason::malformed, std::string("partition table: ") + what);
}

std::uint32_t crc32(std::initializer_list<ByteView> parts) {
    std::uint32_t crc = 0xffffffff;
    for (const ByteView part : parts)
        for (const std::uint8_t byte : part) {
            crc ^= byte;
            for (int bit = 0; bit < 8; ++bit)
                crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
        }
    return ~crc;
}

// A disk does not say how large its blocks are; the header lies in the second.
std::size_t block_size(ByteView head) {
    for (const std::size_t size : {512UZ, 4096UZ})
        if (head.size() >= size + kHeader && as_text(head.subspan(size, kSignature.size())) == kSignature) return size;
    return 0;
}

struct Table {
    ByteView header, entries;
    std::size_t entry_size = 0;
};

Result<Table> read_table(ByteView head) {
    const std::size_t block = block_size(head);
    if (block == 0) return malformed("the disk has no GPT");
    Table out;
    out.header = head.subspan(block, kHeader);
    Cursor in(out.header.subspan(kSignature.size()));
    const std::uint32_t revision = in.le32(), size = in.le32(), header_crc = in.le32();
    in.le32();
    const std::uint64_t self = in.le64();
    in.take(40);
    const std::uint64_t entries_at = in.le64();
    const std::uint32_t count = in.le32(), entry_size = in.le32(), entries_crc = in.le32();
    constexpr ByteArray<4> zeros{};
    if (revision != kRevision || size != kHeader || self != 1) return malformed("a header of another kind");
    if (header_crc != crc32({out.header.first(kChecksum), zeros, out.header.subspan(kChecksum + 4)}))
        return malformed("its header's checksum is wrong");
    if (count == 0 || count > kMostEntries || entry_size != kSmallestEntry)
        return malformed("entries of another size, or too many");
    out.entry_size = entry_size;
    const std::size_t bytes = std::size_t{count} * entry_size;
    if (entries_at < 2 || entries_at > head.size() / block || bytes > head.size() - entries_at * block)
        return malformed("its entries do not follow it");
    out.entries = head.subspan(entries_at * block, bytes);
    if (entries_crc != crc32({out.entries})) return malformed("its entries' checksum is wrong");
    return out;
}

}  // namespace

Result<Bytes> gpt_event(ByteView head) {
    CT_TRY(const Table table, read_table(head));
    Bytes used;
    for (std::size_t at = 0; at < table.entries.size(); at += table.entry_size) {
        const ByteView entry = table.entries.subspan(at, table.entry_size);
        if (std::ranges::any_of(entry.first(kTypeGuid), [](std::uint8_t byte) { return byte != 0; }))
            append(used, entry);
    }
    Bytes out = to_vector(table.header);
    const std::uint64_t count = used.size() / table.entry_size;
    for (unsigned shift = 0; shift < 64; shift += 8)
        out.push_back(static_cast<std::uint8_t>(count >> shift));
    append(out, used);
    return out;
}

}  // namespace ct::attest::measure
