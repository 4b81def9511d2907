// SPDX-License-Identifier: Apache-2.0
// The bodies of kind tpm2: whatever decodes has one encoding.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/tpm2_bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest::tpm;
    const ByteView input(data, size);
    const auto same = [&](const auto& decoded) {
        if (decoded && !std::ranges::equal(encode(*decoded), input)) std::abort();
    };
    same(decode_introduction(input));
    same(decode_request(input));
    same(decode_evidence(input));
    return 0;
}
