// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/firmware.h"

#include <algorithm>
#include <string_view>

#include "attest/evidence/cursor.h"

namespace ct::attest::measure {
namespace {

using Guid = ByteArray<16>;  // as it lies in the image

constexpr Guid kFooter = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
                          0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};  // 96b582de-1fb2-45f7-baea-a366c55a082d
constexpr Guid kHashTable = {0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
                             0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54};  // 7255371f-3a3b-4b04-927b-1da6efa8d454
constexpr Guid kReset = {0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f,
                         0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e};  // 00f771de-1a7e-4fcb-890e-68c77e2fb44e
constexpr Guid kSevMetadata = {0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
                               0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc};  // dc886566-984a-4798-a75e-5585a7bf67cc
constexpr Guid kTdxMetadata = {0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
                               0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2};  // e47a6535-984a-4798-865e-4685a7bf8ec2
constexpr std::size_t kBehindTable = 32, kEntryHead = 18;  // an entry is DATA, u16 size of it all, GUID

std::unexpected<Error> malformed(const char* what) { return fail(Reason::malformed, std::string("firmware: ") + what); }

bool is_whole_pages(std::uint64_t gpa, std::uint64_t size) {
    return size > 0 && gpa % kPage == 0 && size % kPage == 0 && gpa < kFourGigabytes && size <= kMostFirmware &&
           gpa + size <= kFourGigabytes;
}

// Where metadata lie that are `offset` bytes before the end.
Result<Cursor> metadata_at(ByteView image, std::uint32_t offset) {
    if (offset > image.size()) return malformed("metadata outside the image");
    return Cursor(image.last(offset));
}

// "ASEV", length, version, count, then {gpa, size, type}.
Status read_sev(ByteView image, std::uint32_t offset, Firmware& out) {
    CT_TRY(Cursor in, metadata_at(image, offset));
    if (as_text(in.take(4)) != "ASEV") return malformed("no SEV metadata where the table says");
    in.le32();
    const std::uint32_t version = in.le32(), count = in.le32();
    if (version != 1 || count > kMostSections) return malformed("SEV metadata of a form that is not known");
    for (std::uint32_t i = 0; i < count; ++i) {
        SevSection section;
        section.gpa = in.le32();
        section.size = in.le32();
        const std::uint32_t type = in.le32();
        if (!in.ok()) return malformed("SEV metadata break off");
        if ((type < 1 || type > 4) && type != 0x10) return malformed("a SEV section of a type that is not known");
        if (!is_whole_pages(section.gpa, section.size)) return malformed("a SEV section that is not whole pages");
        section.type = static_cast<SevSection::Type>(type);
        if (section.type != SevSection::Type::memory && section.type != SevSection::Type::svsm_caa &&
            section.size != kPage)
            return malformed("a SEV section that is not one page");
        out.sev.push_back(section);
    }
    return {};
}

// "TDVF", length, version, count, then {u32 offset, u32 size, u64 gpa, u64 size, u32 type, u32 attributes}.
Status read_tdx(ByteView image, std::uint32_t offset, Firmware& out) {
    CT_TRY(Cursor in, metadata_at(image, offset));
    if (as_text(in.take(4)) != "TDVF") return malformed("no TDX metadata where the table says");
    in.le32();
    const std::uint32_t version = in.le32(), count = in.le32();
    if (version != 1 || count > kMostSections) return malformed("TDX metadata of a form that is not known");
    for (std::uint32_t i = 0; i < count; ++i) {
        TdxSection section;
        section.data_offset = in.le32();
        section.data_size = in.le32();
        section.gpa = in.le64();
        section.size = in.le64();
        const std::uint32_t type = in.le32(), attributes = in.le32();
        if (!in.ok()) return malformed("TDX metadata break off");
        if (type > 6 || attributes > 3) return malformed("a TDX section of a type that is not known");
        section.type = static_cast<TdxSection::Type>(type);
        section.measured = (attributes & 1U) != 0;
        section.late = (attributes & 2U) != 0;
        if (!section.late && !is_whole_pages(section.gpa, section.size))
            return malformed("a TDX section that is not whole pages");
        if (section.data_size > section.size || section.data_offset > image.size() ||
            section.data_size > image.size() - section.data_offset)
            return malformed("a TDX section outside the image");
        out.tdx.push_back(section);
    }
    return {};
}

Status read_entry(ByteView guid, ByteView data, Firmware& out) {
    const bool wanted = std::ranges::equal(guid, kReset) || std::ranges::equal(guid, kHashTable) ||
                        std::ranges::equal(guid, kSevMetadata) || std::ranges::equal(guid, kTdxMetadata);
    if (!wanted) return {};
    if (data.size() < 4) return malformed("an entry of its table is too short");
    const std::uint32_t value = Cursor(data).le32();
    if (std::ranges::equal(guid, kReset)) out.reset_eip = value;
    if (std::ranges::equal(guid, kHashTable) && value != 0) out.hash_table_gpa = value;
    if (std::ranges::equal(guid, kSevMetadata)) {
        if (!out.sev.empty()) return malformed("two SEV metadata");
        return read_sev(out.image, value, out);
    }
    if (std::ranges::equal(guid, kTdxMetadata)) {
        if (!out.tdx.empty()) return malformed("two TDX metadata");
        return read_tdx(out.image, value, out);
    }
    return {};
}

}  // namespace

Result<Firmware> parse_firmware(ByteView image) {
    if (image.size() > kMostFirmware) return fail(Reason::too_large, "firmware");
    if (image.empty() || image.size() % kPage != 0) return malformed("not whole pages");
    Firmware out{image, {}, {}, {}, {}};
    // The table is read from its end, where it says how large it is.
    ByteView table = image.first(image.size() - kBehindTable);
    if (!std::ranges::equal(table.last(16), kFooter)) return out;
    const std::size_t size = Cursor(table.last(kEntryHead)).le16();
    if (size < kEntryHead || size > table.size()) return malformed("a table larger than the image");
    table = table.last(size).first(size - kEntryHead);
    while (!table.empty()) {
        if (table.size() < kEntryHead) return malformed("an entry of its table breaks off");
        const std::size_t entry = Cursor(table.last(kEntryHead)).le16();
        if (entry < kEntryHead || entry > table.size())
            return malformed("an entry of its table is larger than the rest");
        CT_CHECK(read_entry(table.last(16), table.last(entry).first(entry - kEntryHead), out));
        table = table.first(table.size() - entry);
    }
    return out;
}

}  // namespace ct::attest::measure
