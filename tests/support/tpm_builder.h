// SPDX-License-Identifier: Apache-2.0
// Builds TPM structures and event logs byte by byte, well-formed or not, without sharing code with the parsers.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace ct::test {

class ByteBuilder {
public:
    ByteBuilder& u8(std::uint8_t value) { return be(value, 1); }
    ByteBuilder& be16(std::uint16_t value) { return be(value, 2); }
    ByteBuilder& be32(std::uint32_t value) { return be(value, 4); }
    ByteBuilder& be64(std::uint64_t value) { return be(value, 8); }
    ByteBuilder& le16(std::uint16_t value) { return le(value, 2); }
    ByteBuilder& le32(std::uint32_t value) { return le(value, 4); }
    ByteBuilder& raw(ByteView bytes) {
        append(out_, bytes);
        return *this;
    }
    ByteBuilder& tpm2b(ByteView bytes) { return be16(static_cast<std::uint16_t>(bytes.size())).raw(bytes); }
    operator Bytes() const { return out_; }  // NOLINT(google-explicit-constructor): a builder is its bytes

private:
    ByteBuilder& be(std::uint64_t value, std::size_t size) {
        while (size-- > 0)
            out_.push_back(static_cast<std::uint8_t>(value >> (8 * size)));
        return *this;
    }
    ByteBuilder& le(std::uint64_t value, std::size_t size) {
        for (; size-- > 0; value >>= 8)
            out_.push_back(static_cast<std::uint8_t>(value));
        return *this;
    }
    Bytes out_;
};

// A TPMS_ATTEST whose every field can be set.
struct AttestFields {
    std::uint32_t magic = 0xff544347;
    std::uint16_t type = 0x8018;
    Bytes qualified_signer = Bytes(34, 0x0b);
    Bytes extra_data = Bytes(32, 0xee);
    std::uint64_t clock = 1000;
    std::uint32_t reset_count = 3, restart_count = 1;
    std::uint8_t safe = 1;
    std::uint64_t firmware_version = 0x2020031200120003;
    struct Selection {
        std::uint16_t bank = 0x000b;
        Bytes bitmap = {0x81, 0x00, 0x00};  // PCR 0 and 7
    };
    std::vector<Selection> selections = {Selection{}};
    Bytes pcr_digest = Bytes(32, 0xdd);

    [[nodiscard]] Bytes bytes() const;
};

// A crypto-agile event log with digests of SHA-256 and, to be skipped by its readers, SHA-1.
class EventLogBuilder {
public:
    EventLogBuilder();
    // Adds an event whose SHA-256 digest is given.
    EventLogBuilder& event(std::uint32_t pcr, std::uint32_t type, const Sha256& digest, std::string_view data);
    [[nodiscard]] const Bytes& bytes() const { return bytes_; }
    // The header alone, with the algorithms given as {id, digest size}.
    static Bytes header(const std::vector<std::pair<std::uint16_t, std::uint16_t>>& algorithms);

private:
    Bytes bytes_;
};

}  // namespace ct::test
