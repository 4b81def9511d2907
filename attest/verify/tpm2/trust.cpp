// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm2/trust.h"

#include <algorithm>

namespace ct::attest::tpm {
namespace {

// The certificate must be for this very key: a genuine certificate of another TPM proves nothing.
Status certifies(const crypto::Certificate& certificate, const Public& key) {
    CT_TRY(const auto own, key_of(key));
    CT_TRY(const auto own_spki, own.spki_sha256());
    const auto spki = certificate.spki_sha256();
    if (!spki || *spki != own_spki) return fail(Reason::evidence_chain_invalid, "the certificate is for another key");
    return {};
}

// Nor does that of an authority, or of a key for other things: who holds it may have it do what only a TPM should.
Status is_for(const crypto::Certificate& certificate, const char* purpose) {
    if (certificate.is_authority())
        return fail(Reason::evidence_key_attributes, "the key's certificate is an authority's");
    if (purpose != nullptr && !certificate.may_be_used_for(purpose))
        return fail(Reason::evidence_key_attributes, "the key's certificate is not for an endorsement key");
    return {};
}

Result<Trust> trust_by_certificate(const Public& key, std::span<const ByteView> certificates, const Anchors& anchors,
                                   WallTime at) {
    const auto roots = anchors.roots;
    std::vector<crypto::Certificate> chain;
    for (const ByteView der : certificates) {
        auto certificate = crypto::Certificate::from_der(der);
        if (!certificate)
            return fail(Reason::evidence_chain_invalid, "not a certificate: " + certificate.error().context);
        chain.push_back(std::move(*certificate));
    }
    chain.insert(chain.end(), anchors.intermediates.begin(), anchors.intermediates.end());
    const auto intermediates = std::span(chain).subspan(1);
    CT_CHECK(certifies(chain.front(), key));
    CT_CHECK(is_for(chain.front(), anchors.purpose));
    CT_CHECK(crypto::verify_chain(chain.front(), intermediates, roots, at));

    WallTime end = WallTime::max();
    for (const auto& certificate : chain)
        end = std::min(end, certificate.not_after());
    WallTime root_end = at;  // of the longest-lived root that this chain leads to
    for (const auto& root : roots) {
        if (crypto::verify_chain(chain.front(), intermediates, {&root, 1}, at)) {
            root_end = std::max(root_end, root.not_after());
        }
    }
    return Trust{"certificate", std::min(end, root_end)};
}

}  // namespace

Result<Trust> trust_key(const Public& key, std::span<const ByteView> certificates, const Anchors& anchors,
                        WallTime at) {
    const Sha256 fingerprint = fingerprint_of(key);
    const auto among = [&](std::span<const Sha256> keys) { return std::ranges::find(keys, fingerprint) != keys.end(); };
    if (among(anchors.keys)) return Trust{"fingerprint", WallTime::max()};
    if (among(anchors.enrolled)) return Trust{"enrolment", WallTime::max()};
    if (anchors.roots.empty() || certificates.empty()) {
        return fail(Reason::evidence_key_untrusted, anchors.roots.empty()
                                                        ? "neither the policy nor the node's enrolment lists this key"
                                                        : "neither a listed key nor a certificate for it");
    }
    return trust_by_certificate(key, certificates, anchors, at);
}

bool is_attestation_key(const Public& key) {
    using namespace attribute;
    return key.has(kFixedTpm | kFixedParent | kSensitiveDataOrigin | kRestricted | kSign) &&
           (key.attributes & kDecrypt) == 0;
}

bool is_endorsement_key(const Public& key) {
    using namespace attribute;
    return key.has(kFixedTpm | kFixedParent | kSensitiveDataOrigin | kRestricted | kDecrypt) &&
           (key.attributes & kSign) == 0;
}

}  // namespace ct::attest::tpm
