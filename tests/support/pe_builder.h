// SPDX-License-Identifier: Apache-2.0
// A small PE32+ file; every part can be bent.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace ct::test {

struct PeBuilder {
    struct Section {
        std::string name;
        Bytes data;
        std::uint32_t size = 0;  // in memory; 0: as its data
    };
    std::vector<Section> sections;
    std::uint32_t directories = 16;
    Bytes certificates;
    Bytes behind;  // the last section
    std::uint16_t magic = 0x20b;

    static constexpr std::size_t kPe = 0x40, kOptional = kPe + 24, kAlignment = 512;
    static std::size_t padded(std::size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }
    static void put(Bytes& to, std::size_t at, std::uint64_t value, std::size_t bytes) {
        for (std::size_t i = 0; i < bytes; ++i)
            to[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
    }
    [[nodiscard]] Bytes file() const {
        const std::size_t optional = 112 + 8UZ * directories, table = kOptional + optional;
        const std::size_t headers = padded(table + 40 * sections.size());
        Bytes out(headers);
        put(out, 0, 0x5a4d, 2);
        put(out, 0x3c, kPe, 4);
        put(out, kPe, 0x4550, 4);
        put(out, kPe + 4, 0x8664, 2);
        put(out, kPe + 6, sections.size(), 2);
        put(out, kPe + 20, optional, 2);
        put(out, kOptional, magic, 2);
        put(out, kOptional + 60, headers, 4);
        put(out, kOptional + 64, 0x12345678, 4);
        put(out, kOptional + 108, directories, 4);
        for (std::size_t i = 0; i < sections.size(); ++i) {
            const auto& section = sections[i];
            const std::size_t head = table + 40 * i, in_file = padded(section.data.size());
            for (std::size_t c = 0; c < section.name.size(); ++c)
                out[head + c] = static_cast<std::uint8_t>(section.name[c]);
            put(out, head + 8, section.size != 0 ? section.size : section.data.size(), 4);
            put(out, head + 16, in_file, 4);
            put(out, head + 20, out.size(), 4);
            append(out, section.data);
            out.resize(padded(out.size()));
        }
        append(out, behind);
        if (!certificates.empty() && directories > 4) {
            put(out, kOptional + 112 + 32, out.size(), 4);
            put(out, kOptional + 112 + 36, certificates.size(), 4);
        }
        append(out, certificates);
        return out;
    }
};

}  // namespace ct::test
