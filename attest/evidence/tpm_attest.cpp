// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tpm_attest.h"

#include "attest/evidence/cursor.h"
#include "base/limits.h"

namespace ct::attest::tpm {
namespace {

constexpr std::uint32_t kGenerated =
    0xff544347;  // TPM_GENERATED_VALUE: a restricted key signs nothing else with this head
constexpr std::uint16_t kAttestQuote = 0x8018;
constexpr std::size_t kMostName = 2 + 64;    // TPM2B_NAME: algorithm and digest
constexpr std::size_t kMostDigest = 64;      // TPM2B_DIGEST, TPM2B_DATA
constexpr std::size_t kMostSelectBytes = 4;  // a 32-bit mask; PC Client uses 3

}  // namespace

Result<Quote> parse_quote(ByteView bytes) {
    if (bytes.size() > limits::kTpmAttest) return fail(Reason::evidence_too_large, "TPMS_ATTEST");
    Cursor in(bytes);
    const std::uint32_t magic = in.be32();
    const std::uint16_t type = in.be16();
    if (!in.ok()) return fail(Reason::evidence_malformed, "TPMS_ATTEST ends early");
    if (magic != kGenerated) return fail(Reason::evidence_wrong_type, "signed bytes that no TPM generated");
    if (type != kAttestQuote) return fail(Reason::evidence_wrong_type, "TPMS_ATTEST that is not a quote");

    Quote quote;
    quote.qualified_signer = in.tpm2b(kMostName);
    quote.extra_data = in.tpm2b(kMostDigest);
    quote.clock = in.be64();
    quote.reset_count = in.be32();
    quote.restart_count = in.be32();
    const std::uint8_t safe = in.u8();
    if (safe > 1) in.fail();
    quote.clock_safe = safe == 1;
    quote.firmware_version = in.be64();

    const std::uint32_t count = in.be32();
    if (!in.ok() || count > quote.selection_store.size()) {
        return fail(Reason::evidence_malformed, "TPMS_ATTEST: fields before the PCR selection");
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        PcrSelection selection;
        selection.bank = in.be16();
        const std::size_t size = in.u8();
        if (size > kMostSelectBytes) in.fail();
        unsigned shift = 0;
        for (const std::uint8_t byte : in.take(size)) {
            selection.mask |= std::uint32_t{byte} << shift;
            shift += 8;
        }
        quote.selection_store[quote.selection_count++] = selection;
    }
    quote.pcr_digest = in.tpm2b(kMostDigest);
    if (!in.finished()) return fail(Reason::evidence_malformed, "TPMS_ATTEST: not exactly one quote");
    return quote;
}

}  // namespace ct::attest::tpm
