// SPDX-License-Identifier: Apache-2.0
// A small image in the shape of OVMF, with the table at its end; every part can be bent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "codec/hex.h"

namespace ct::test {

struct FirmwareBuilder {
    struct Entry {
        std::string guid;  // as it lies in the image, hexadecimal
        Bytes data;
    };
    static constexpr const char* kFooter = "de82b596b21ff745baeaa366c55a082d";
    static constexpr const char* kHashTable = "1f3755723b3a044b927b1da6efa8d454";
    static constexpr const char* kReset = "de71f7007e1acb4f890e68c77e2fb44e";
    static constexpr const char* kSevMetadata = "666588dc4a989847a75e5585a7bf67cc";
    static constexpr const char* kTdxMetadata = "35657ae44a989847865e4685a7bf8ec2";

    std::size_t size = 8192;
    std::uint32_t reset_eip = 0x80b004, hash_table = 0x810c00;
    struct Sev {
        std::uint32_t gpa, size, type;
    };
    std::vector<Sev> sev = {{0x800000, 0x9000, 1},
                            {0x80d000, 0x1000, 2},
                            {0x80e000, 0x1000, 3},
                            {0x80f000, 0x1000, 4},
                            {0x810000, 0x1000, 16}};
    struct Tdx {
        std::uint32_t offset, data_size;
        std::uint64_t gpa, size;
        std::uint32_t type, attributes;
    };
    std::vector<Tdx> tdx = {{4096, 4096, 0xfffff000, 4096, 0, 1},
                            {0, 4096, 0xffffe000, 4096, 1, 0},
                            {0, 0, 0x809000, 8192, 2, 0},
                            {0, 0, 0x80b000, 4096, 3, 0}};
    std::string sev_magic = "ASEV", tdx_magic = "TDVF";
    std::uint32_t version = 1;

    static void put(Bytes& to, std::uint64_t value, std::size_t bytes) {
        for (std::size_t i = 0; i < bytes; ++i)
            to.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    }
    static Bytes number(std::uint32_t value) {
        Bytes out;
        put(out, value, 4);
        return out;
    }
    [[nodiscard]] Bytes image() const {
        Bytes out(size);
        for (std::size_t i = 0; i < size; ++i)
            out[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
        const auto metadata = [&](const std::string& magic, std::size_t at, std::size_t count, const Bytes& items) {
            Bytes bytes = to_vector(as_bytes(magic));
            put(bytes, 16 + items.size(), 4);
            put(bytes, version, 4);
            put(bytes, count, 4);
            append(bytes, items);
            std::copy(bytes.begin(), bytes.end(), out.end() - static_cast<std::ptrdiff_t>(at));
        };
        Bytes items;
        for (const auto& one : sev)
            for (const std::uint32_t value : {one.gpa, one.size, one.type})
                put(items, value, 4);
        metadata(sev_magic, 3000, sev.size(), items);
        items.clear();
        for (const auto& one : tdx) {
            put(items, one.offset, 4);
            put(items, one.data_size, 4);
            put(items, one.gpa, 8);
            put(items, one.size, 8);
            put(items, one.type, 4);
            put(items, one.attributes, 4);
        }
        metadata(tdx_magic, 2000, tdx.size(), items);
        std::vector<Entry> entries = {
            {kReset, number(reset_eip)}, {kSevMetadata, number(3000)}, {kTdxMetadata, number(2000)}};
        if (hash_table != 0) {
            Bytes where = number(hash_table);
            put(where, 1024, 4);
            entries.push_back({kHashTable, where});
        }
        Bytes table;
        for (const auto& entry : entries)
            add(table, entry);
        put(table, table.size() + 18, 2);
        append(table, hex_decode(kFooter, 16).value());
        std::copy(table.begin(), table.end(), out.end() - 32 - static_cast<std::ptrdiff_t>(table.size()));
        return out;
    }

private:
    static void add(Bytes& table, const Entry& entry) {
        append(table, entry.data);
        put(table, entry.data.size() + 18, 2);
        append(table, hex_decode(entry.guid, 16).value());
    }
};

}  // namespace ct::test
