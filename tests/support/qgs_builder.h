// SPDX-License-Identifier: Apache-2.0
// Builds what a TDX module reports and what a quote generation service answers, well-formed or not, without sharing code with the
// parser.
#pragma once

#include "base/bytes.h"

namespace ct::test {

struct ModuleReportFields {
    std::uint8_t type = 0x81;
    Bytes data = Bytes(64, 0xdd);

    [[nodiscard]] Bytes bytes() const;
};

struct QuoteAnswerFields {
    std::uint16_t major = 1, minor = 1;
    std::uint32_t type = 1, error = 0;
    Bytes key_name, quote = Bytes(100, 0x9e);
    int size_more = 0, name_more = 0, quote_more = 0;  // added to the true sizes

    [[nodiscard]] Bytes message() const;
    // With the size before it, as it goes over a socket.
    [[nodiscard]] Bytes bytes() const;
};

}  // namespace ct::test
