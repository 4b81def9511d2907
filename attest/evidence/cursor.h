// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace ct::attest {

// Takes fixed-size fields off the front of a view. Failure sticks: past the end every field reads as zero or empty, and
// ok() tells it once, after the whole structure was taken. Nothing is copied.
class Cursor {
public:
    explicit Cursor(ByteView input) : rest_(input) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
    // Trusted computing structures on the TPM are big-endian, the firmware's event log is little-endian.
    std::uint16_t be16() { return static_cast<std::uint16_t>(big_endian(2)); }
    std::uint32_t be32() { return static_cast<std::uint32_t>(big_endian(4)); }
    std::uint64_t be64() { return big_endian(8); }
    std::uint16_t le16() { return static_cast<std::uint16_t>(little_endian(2)); }
    std::uint32_t le32() { return static_cast<std::uint32_t>(little_endian(4)); }
    std::uint64_t le64() { return little_endian(8); }

    ByteView take(std::size_t size) {
        if (failed_ || size > rest_.size()) {
            failed_ = true;
            return {};
        }
        const ByteView taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    // A TPM2B: u16be size, then that many bytes, of which more than `most` is a failure.
    ByteView tpm2b(std::size_t most) {
        const std::size_t size = be16();
        if (size > most) failed_ = true;
        return take(size);
    }
    void fail() { failed_ = true; }

    [[nodiscard]] std::size_t left() const { return rest_.size(); }
    [[nodiscard]] ByteView rest() const { return rest_; }
    [[nodiscard]] bool ok() const { return !failed_; }
    // Everything was taken, and nothing more than there was.
    [[nodiscard]] bool finished() const { return !failed_ && rest_.empty(); }

private:
    std::uint64_t big_endian(std::size_t size) {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : take(size))
            value = value << 8 | byte;
        return value;
    }
    std::uint64_t little_endian(std::size_t size) {
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (const std::uint8_t byte : take(size)) {
            value |= std::uint64_t{byte} << shift;
            shift += 8;
        }
        return value;
    }

    ByteView rest_;
    bool failed_ = false;
};

}  // namespace ct::attest
