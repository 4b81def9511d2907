// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/pe_image.h"

#include <algorithm>
#include <string>

#include "attest/evidence/cursor.h"

namespace ct::attest::measure {
namespace {

constexpr std::size_t kPeOffset = 0x3c, kCoff = 24, kSectionHead = 40, kPlainOptional = 112, kDirectory = 8;
constexpr std::size_t kCertificateDirectory = 4;  // its place among the data directories
constexpr std::uint16_t kPe32Plus = 0x20b;

std::unexpected<Error> malformed(const char* what) { return fail(Reason::malformed, std::string("PE image: ") + what); }

// Of a file that ends where its certificates do.
Status read_certificates(ByteView optional, std::size_t at, PeImage& out) {
    Cursor in(optional.subspan(kPlainOptional - 4));
    const std::uint32_t directories = in.le32();
    if (directories > 16) return malformed("more data directories than there are");
    if (directories <= kCertificateDirectory) return {};
    in.take(kCertificateDirectory * kDirectory);
    const std::uint32_t offset = in.le32(), size = in.le32();
    if (!in.ok()) return malformed("data directories break off");
    out.certificate_entry = at + kPlainOptional + kCertificateDirectory * kDirectory;
    if (size == 0) return {};
    if (size > out.file.size() || offset != out.file.size() - size)
        return malformed("certificates that are not at the end of the file");
    out.certificates = size;
    return {};
}

Result<PeSection> read_section(ByteView head, ByteView file) {
    Cursor in(head);
    PeSection out;
    out.name = as_text(in.take(8));
    out.name = out.name.substr(0, out.name.find('\0'));
    out.size = in.le32();
    in.le32();  // address
    const std::uint32_t size = in.le32(), offset = in.le32();
    if (size == 0) return out;  // nothing of it is in the file
    if (offset > file.size() || size > file.size() - offset) return malformed("a section outside the file");
    out.data = file.subspan(offset, size);
    return out;
}

}  // namespace

const PeSection* PeImage::find(std::string_view name) const {
    const auto at = std::ranges::find(sections, name, &PeSection::name);
    return at == sections.end() ? nullptr : &*at;
}

Result<PeImage> parse_pe(ByteView file) {
    if (file.size() > kMostImage) return fail(Reason::too_large, "PE image");
    if (file.size() < kPeOffset + 4 || as_text(file.first(2)) != "MZ") return malformed("no PE image");
    const std::size_t pe = Cursor(file.subspan(kPeOffset)).le32();
    if (pe > file.size() || file.size() - pe < kCoff || as_text(file.subspan(pe, 4)) != std::string_view("PE\0\0", 4))
        return malformed("no PE image");
    Cursor coff(file.subspan(pe + 4));
    coff.le16();  // machine
    const std::size_t count = coff.le16();
    coff.take(12);
    const std::size_t optional_size = coff.le16();
    coff.le16();
    const ByteView optional = coff.take(optional_size);
    const ByteView table = coff.take(count * kSectionHead);
    if (!coff.ok() || optional_size < kPlainOptional) return malformed("headers break off");
    if (count > kMostPeSections) return malformed("too many sections");
    if (Cursor(optional).le16() != kPe32Plus) return malformed("not of 64 bits");

    PeImage out;
    out.file = file;
    out.headers = Cursor(optional.subspan(60)).le32();
    out.checksum = pe + kCoff + 64;
    CT_CHECK(read_certificates(optional, pe + kCoff, out));
    const std::size_t table_end = pe + kCoff + optional_size + table.size();
    if (out.headers < table_end || out.headers > file.size() - out.certificates)
        return malformed("headers of a size that can't be");
    for (std::size_t i = 0; i < count; ++i) {
        CT_TRY(auto section, read_section(table.subspan(i * kSectionHead, kSectionHead), file));
        out.sections.push_back(section);
    }
    return out;
}

Bytes authenticode_digest(const PeImage& image, crypto::Hash hash) {
    crypto::Hasher hasher(hash);
    const auto part = [&](std::size_t from, std::size_t until) {
        hasher.update(image.file.subspan(from, until - from));
    };
    part(0, image.checksum);
    const std::size_t rest = image.checksum + 4;
    if (image.certificate_entry == 0) {
        part(rest, image.headers);
    } else {
        part(rest, image.certificate_entry);
        part(image.certificate_entry + kDirectory, image.headers);
    }
    std::vector<ByteView> sections;
    for (const auto& section : image.sections)
        if (!section.data.empty()) sections.push_back(section.data);
    std::ranges::sort(sections, {}, [](ByteView data) { return data.data(); });
    std::size_t hashed = image.headers;
    for (const ByteView data : sections) {
        hasher.update(data);
        hashed += data.size();
    }
    // What lies behind the last section, but not the certificates.
    if (const std::size_t end = image.file.size() - image.certificates; hashed < end) part(hashed, end);
    return hasher.finish();
}

}  // namespace ct::attest::measure
