// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/chain.h"

#include "attest/verify/known.h"
#include "base/limits.h"

namespace ct::attest::tdx {
namespace {

constexpr std::string_view kPlatformCa = "Intel SGX PCK Platform CA", kProcessorCa = "Intel SGX PCK Processor CA";
constexpr std::string_view kCollateralSigner = "Intel SGX TCB Signing";
constexpr std::size_t kPckChain = 3;  // leaf, CA, root

std::unexpected<Error> invalid(const std::string& what) { return fail(Reason::evidence_collateral_invalid, what); }

// Anchored by this very root, whether or not in its time.
bool leads_to(const crypto::Certificate& leaf, std::span<const crypto::Certificate> between,
              const crypto::Certificate& root, WallTime at, Memo* memo) {
    const Status status = known_chain(memo, leaf, between, {&root, 1}, at);
    return status || status.error().reason == Reason::evidence_certificate_expired;
}

}  // namespace

Result<PckChain> parse_pck_chain(std::string_view pem) {
    const auto chain = crypto::Certificate::chain_from_pem(pem, kPckChain);
    if (!chain) return fail(Reason::evidence_chain_invalid, "PCK certificates: " + chain.error().context);
    if (chain->size() < 2) return fail(Reason::evidence_chain_invalid, "the PCK certificate comes without its CA");
    PckChain out{chain->at(0), chain->at(1), {}, {}};
    const std::string issuer = out.leaf.issuer_name();
    if (issuer == kPlatformCa) out.list = "platform";
    if (issuer == kProcessorCa) out.list = "processor";
    if (out.list.empty() || out.authority.subject_name() != issuer)
        return fail(Reason::evidence_chain_invalid, "the PCK certificate is of none of Intel's PCK CAs");
    CT_TRY(out.pck, parse_pck(out.leaf));
    return out;
}

const crypto::Certificate* anchor_of(const PckChain& chain, std::span<const crypto::Certificate> roots, WallTime at,
                                     Memo* memo) {
    for (const crypto::Certificate& root : roots)
        if (leads_to(chain.authority, {}, root, at, memo)) return &root;
    return nullptr;
}

Result<crypto::Certificate> parse_collateral_signer(ByteView pem) {
    const auto chain = crypto::Certificate::chain_from_pem(as_text(pem), limits::kCertificateChain);
    if (!chain) return invalid("certificates of the collateral's signer: " + chain.error().context);
    return chain->front();
}

Status check_collateral_signer(const crypto::Certificate& signer, const crypto::Certificate& anchor, WallTime at,
                               Memo* memo) {
    // Intel's root has other children, and some of their keys are in machines.
    if (signer.subject_name() != kCollateralSigner) return invalid("its signer is not Intel's: " + signer.subject());
    const Status status = known_chain(memo, signer, {}, {&anchor, 1}, at);
    if (status) return {};
    if (status.error().reason == Reason::evidence_certificate_expired)
        return fail(Reason::evidence_collateral_expired, "the certificate of the collateral's signer");
    return invalid("the collateral's signer does not lead to Intel's root: " + status.error().context);
}

Status check_time(const crypto::RevocationList& list, WallTime at) {
    if (at < list.this_update() || at > list.next_update())
        return fail(Reason::evidence_collateral_expired, "a revocation list outside its time");
    return {};
}

}  // namespace ct::attest::tdx
