// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/pcr.h"

#include <algorithm>

namespace ct::attest::tpm {

PcrBank::PcrBank(crypto::Hash hash) : hash_(hash), size_(crypto::digest_size(hash)) {
    constexpr unsigned first_ones = 17, last_ones = 22;  // the dynamic root of trust's, never launched
    for (unsigned i = first_ones; i <= last_ones; ++i)
        values_[i].fill(0xff);
}

void PcrBank::extend(unsigned index, ByteView digest) {
    const Bytes next = crypto::digest(hash_, {value(index), digest});
    std::ranges::copy(next, values_[index].begin());
}

Bytes composite_digest(crypto::Hash hash, std::uint32_t mask, const std::array<ByteView, kPcrs>& values) {
    crypto::Hasher hasher(hash);
    for (unsigned i = 0; i < kPcrs; ++i) {
        if ((mask >> i & 1) != 0) hasher.update(values[i]);
    }
    return hasher.finish();
}

}  // namespace ct::attest::tpm
