// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/verifier.h"
#include "crypto/digest.h"

namespace ct::attest {

Sha256 CollateralReader::digest(std::string_view name) const {
    if (digests_ != nullptr)
        if (const auto known = digests_->find(name); known != digests_->end()) return known->second;
    const auto item = all_.find(name);
    return item == all_.end() ? Sha256{} : crypto::sha256(item->second);
}

}  // namespace ct::attest
