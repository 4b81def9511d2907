// SPDX-License-Identifier: Apache-2.0
// PCR values in the forms that people have: the file of tpm2_quote(1) and tpm2_pcrread(1) (--pcr -o, "serialized"), or text with
// one "INDEX HEX" or "INDEX : 0xHEX" a line.
#pragma once

#include <array>
#include <cstdint>

#include "attest/evidence/tpm_attest.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest_tool {

struct PcrValues {
    std::uint32_t mask = 0;
    std::array<Bytes, attest::tpm::kPcrs> values;
};
// Of one bank. malformed.
Result<PcrValues> parse_pcr_file(ByteView bytes);

}  // namespace ct::attest_tool
