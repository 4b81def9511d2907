// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/nitro/signer.h"

#include <algorithm>

#include "attest/roots/roots.h"
#include "attest/verify/known.h"
#include "codec/der.h"

namespace ct::attest::nitro {
namespace {

constexpr std::size_t kP384Bits = 384;
// RFC 5280 section 4.2.1.
constexpr const char* kKeyUsage = "2.5.29.15";
constexpr const char* kBasicConstraints = "2.5.29.19";
constexpr std::uint8_t kBitString = 0x03, kDigitalSignature = 0x80;

// A chain also leads to the keys of authorities, which sign certificates: none of them makes documents.
Status may_sign_documents(const crypto::Certificate& leaf) {
    const auto refuse = [] {
        return fail(Reason::evidence_key_attributes,
                    "a key that is not for documents: its certificate is an authority's");
    };
    CT_TRY(const auto constraints, leaf.extension(kBasicConstraints));
    if (constraints) {
        der::Reader outer(*constraints);
        CT_TRY(const ByteView content, outer.take(der::kSequence));
        if (!content.empty()) {  // empty: cA is FALSE by default
            der::Reader inner(content);
            const auto authority = inner.boolean();
            if (!authority || *authority) return refuse();
        }
    }
    CT_TRY(const auto usage, leaf.extension(kKeyUsage));
    if (usage) {
        der::Reader outer(*usage);
        CT_TRY(const ByteView bits, outer.take(kBitString));
        if (bits.size() < 2 || (bits[1] & kDigitalSignature) == 0) return refuse();
    }
    return {};
}

Status verify(const Document& document, const crypto::Certificate& leaf) {
    CT_TRY(const auto key, leaf.public_key());
    if (key.is_rsa() || key.bits() != kP384Bits)
        return fail(Reason::evidence_algorithm_weak, "a document is signed by a P-384 key");
    CT_TRY(const Bytes signature, crypto::ecdsa_to_der(document.r, document.s));
    return key.verify(crypto::SignatureScheme::ecdsa_der, crypto::Hash::sha384, signed_bytes(document), signature);
}

}  // namespace

std::span<const crypto::Certificate> aws_root() {
    // One that did not parse would anchor nothing; a test compares it with its fingerprint.
    static const auto kRoot = crypto::Certificate::chain_from_pem(maker_certificate("aws-nitro-g1"), 1);
    return kRoot ? std::span<const crypto::Certificate>(*kRoot) : std::span<const crypto::Certificate>{};
}

WallTime check_chain(const Document& document, const crypto::Certificate& leaf,
                     std::span<const crypto::Certificate> roots, WallTime at, Memo* memo,
                     std::vector<Finding>& findings) {
    std::vector<crypto::Certificate> between;
    WallTime until = leaf.not_after();
    for (const ByteView der : document.cabundle().subspan(1)) {
        const auto certificate = known_certificate(memo, der);
        if (!certificate) {
            findings.push_back({Reason::evidence_malformed, "cabundle: " + certificate.error().context});
            return at;
        }
        until = std::min(until, (*certificate)->not_after());
        between.push_back(**certificate);
    }
    for (const auto& root : roots)
        until = std::min(until, root.not_after());
    if (const Status sound = known_chain(memo, leaf, between, roots, at); !sound)
        findings.push_back({sound.error().reason, "signing key: " + sound.error().context});
    return until;
}

void check_signature(const Document& document, const crypto::Certificate& leaf, std::vector<Finding>& findings) {
    if (const Status verified = verify(document, leaf); !verified)
        findings.push_back({verified.error().reason, "Nitro document: " + verified.error().context});
    if (const Status may = may_sign_documents(leaf); !may)
        findings.push_back({Reason::evidence_key_attributes, "Nitro document: " + may.error().context});
}

}  // namespace ct::attest::nitro
