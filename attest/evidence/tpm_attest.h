// SPDX-License-Identifier: Apache-2.0
// TPMS_ATTEST of a quote. TCG TPM 2.0 Library, Part 2 section 10.12; TPM2_Quote in Part 3.
#pragma once

#include <array>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tpm {

inline constexpr unsigned kPcrs = 24;  // PC Client platforms have 24

// One entry of a TPML_PCR_SELECTION; bit i of `mask` = PCR i.
struct PcrSelection {
    std::uint16_t bank = 0;
    std::uint32_t mask = 0;
};

// All views point into the parsed bytes.
struct Quote {
    ByteView qualified_signer;  // Name of the signing key, qualified by its parents
    ByteView extra_data;        // the verifier's qualifying data
    std::uint64_t clock = 0;    // milliseconds
    std::uint32_t reset_count = 0, restart_count = 0;
    bool clock_safe = false;
    std::uint64_t firmware_version = 0;
    ByteView pcr_digest;

    [[nodiscard]] std::span<const PcrSelection> selections() const { return {selection_store.data(), selection_count}; }
    std::array<PcrSelection, 16> selection_store;
    std::size_t selection_count = 0;
};

// The whole of `bytes`. evidence_too_large, evidence_malformed, or evidence_wrong_type: well-formed at its head, but made
// by something else than TPM2_Quote.
Result<Quote> parse_quote(ByteView bytes);

}  // namespace ct::attest::tpm
