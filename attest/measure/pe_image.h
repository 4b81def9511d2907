// SPDX-License-Identifier: Apache-2.0
// A PE32+ executable as firmware loads it: its sections, and the digest by which firmware measures it. Microsoft PE Format;
// Windows Authenticode Portable Executable Signature Format, "Calculating the PE Image Hash".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace ct::attest::measure {

inline constexpr std::size_t kMostImage = 1UZ << 30;
inline constexpr std::size_t kMostPeSections = 96;  // as the loader of Windows; firmware takes fewer

struct PeSection {
    std::string_view name;   // without its NULs
    ByteView data;           // in the file
    std::uint32_t size = 0;  // in memory: what is missing in the file is zero there
};

// Views point into the file.
struct PeImage {
    ByteView file;
    std::vector<PeSection> sections;
    std::size_t headers = 0;            // size of all headers
    std::size_t checksum = 0;           // offset of CheckSum
    std::size_t certificate_entry = 0;  // offset of the data directory's entry of certificates; 0: none
    std::size_t certificates = 0;       // bytes of them at the end of the file

    [[nodiscard]] const PeSection* find(std::string_view name) const;
};

// malformed, too_large.
Result<PeImage> parse_pe(ByteView file);

// What PCR 4 is extended with when firmware starts the image.
Bytes authenticode_digest(const PeImage& image, crypto::Hash hash);

}  // namespace ct::attest::measure
