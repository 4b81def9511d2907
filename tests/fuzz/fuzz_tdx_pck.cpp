// SPDX-License-Identifier: Apache-2.0
// The SGX extension of a PCK certificate, and a whole certificate: they come with the evidence.
#include <cstddef>
#include <cstdint>

#include "attest/evidence/tdx_pck.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    const ByteView input(data, size);
    static_cast<void>(attest::tdx::parse_sgx_extension(input));
    if (const auto certificate = crypto::Certificate::from_der(input))
        static_cast<void>(attest::tdx::parse_pck(*certificate));
    return 0;
}
