// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/intel.h"

#include <vector>

#include "attest/roots/roots.h"

namespace ct::attest::tdx {

std::span<const crypto::Certificate> intel_roots() {
    static const std::vector<crypto::Certificate> roots = [] {
        // One that does not parse is missed by the first verdict that rests on it; a test reads them all.
        auto parsed = crypto::Certificate::chain_from_pem(maker_certificate("intel-sgx-root"), 1);
        return parsed ? std::move(*parsed) : std::vector<crypto::Certificate>{};
    }();
    return roots;
}

}  // namespace ct::attest::tdx
