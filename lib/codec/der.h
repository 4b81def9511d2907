// SPDX-License-Identifier: Apache-2.0
// Reads DER (X.690) element by element: what makers of processors put into extensions of their certificates. Certificates
// themselves are OpenSSL's to parse.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::der {

inline constexpr std::uint8_t kBoolean = 0x01, kInteger = 0x02, kOctetString = 0x04, kOid = 0x06, kEnumerated = 0x0a,
                              kIa5String = 0x16, kSequence = 0x30;

// Strict: definite lengths in their shortest form, one-byte tags. Errors are `malformed`; nothing is copied.
class Reader {
public:
    explicit Reader(ByteView input) : rest_(input) {}

    // The content of the next element, which must have this tag.
    Result<ByteView> take(std::uint8_t tag);
    // INTEGER or ENUMERATED, not negative, at most 2^32 - 1, in its shortest form.
    Result<std::uint32_t> number(std::uint8_t tag = kInteger);
    Result<bool> boolean();
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    // Nothing is left.
    [[nodiscard]] Status finish() const;

private:
    ByteView rest_;
};

}  // namespace ct::der
