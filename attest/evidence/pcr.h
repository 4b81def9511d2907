// SPDX-License-Identifier: Apache-2.0
// PCR values of one bank, and what a quote's digest says about them.
#pragma once

#include <array>

#include "attest/evidence/tpm_attest.h"
#include "base/bytes.h"
#include "crypto/digest.h"

namespace ct::attest::tpm {

inline constexpr std::uint32_t kAllPcrs = (1U << kPcrs) - 1;

// As a platform reset leaves them: PCR 0 to 16 and 23 zero, 17 to 22 all ones; then extended one by one.
class PcrBank {
public:
    explicit PcrBank(crypto::Hash hash);

    // A startup locality other than 0 shows as the last byte of PCR 0. Only before PCR 0 is extended.
    void set_startup_locality(std::uint8_t locality) { values_[0][size_ - 1] = locality; }
    void extend(unsigned index, ByteView digest);
    [[nodiscard]] ByteView value(unsigned index) const { return ByteView(values_[index]).first(size_); }
    [[nodiscard]] crypto::Hash hash() const { return hash_; }

private:
    crypto::Hash hash_;
    std::size_t size_;
    std::array<ByteArray<64>, kPcrs> values_{};
};

// H(PCR values in ascending order): what TPM2_Quote signs for a selection of one bank. `hash` is the signing scheme's, not
// the bank's. `values` holds the view for each set bit of `mask`.
Bytes composite_digest(crypto::Hash hash, std::uint32_t mask, const std::array<ByteView, kPcrs>& values);

}  // namespace ct::attest::tpm
