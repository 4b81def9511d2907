// SPDX-License-Identifier: Apache-2.0
// TPMS_ATTEST and TPMT_SIGNATURE, as a hostile node may send them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/tpm_attest.h"
#include "attest/evidence/tpm_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    const ByteView input(data, size);
    if (const auto quote = attest::tpm::parse_quote(input)) {
        // Every view lies within the input, and together they are no longer than it.
        const std::size_t parts = quote->qualified_signer.size() + quote->extra_data.size() + quote->pcr_digest.size();
        if (parts > size || quote->selections().size() > quote->selection_store.size()) std::abort();
    }
    if (const auto signature = attest::tpm::parse_signature(input)) {
        if (signature->rsa.size() + signature->r.size() + signature->s.size() > size) std::abort();
    }
    return 0;
}
