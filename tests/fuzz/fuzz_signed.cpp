// SPDX-License-Identifier: Apache-2.0
// Files that are signed for a gate, before anybody has looked at the signatures.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/collateral/bundle.h"
#include "attest/judge/policy_bundle.h"
#include "attest/signed/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    const ByteView input(data, size);
    // One value, one encoding: a signature over the bytes is one over the value.
    if (const auto envelope = attest::decode_envelope(input); envelope && attest::encode(*envelope) != to_vector(input))
        std::abort();
    if (const auto bundle = attest::decode_collateral(input); bundle && attest::encode(*bundle) != to_vector(input))
        std::abort();
    if (const auto bundle = judge::decode_policy_bundle(input); bundle && judge::encode(*bundle) != to_vector(input))
        std::abort();
    return 0;
}
