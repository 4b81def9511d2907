// SPDX-License-Identifier: Apache-2.0
// TPMT_PUBLIC, and the key and Name that are made of it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/tpm_public.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    const auto key = attest::tpm::parse_public(ByteView(data, size));
    if (!key) return 0;
    if (key->encoded.size() != size) std::abort();
    static_cast<void>(attest::tpm::name_of(*key));
    static_cast<void>(attest::tpm::fingerprint_of(*key));
    if (const auto usable = attest::tpm::key_of(*key); usable && usable->bits() < 256) std::abort();
    return 0;
}
