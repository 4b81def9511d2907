// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/makers.h"

#include <algorithm>

#include "attest/collateral/bundle.h"
#include "attest/signed/envelope.h"
#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::judge {
namespace {

constexpr std::string_view kPrefix = "ed25519:";
// SubjectPublicKeyInfo of an Ed25519 key, up to the key itself (RFC 8410 section 4).
constexpr std::uint8_t kSpkiHead[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

}  // namespace

Result<crypto::PublicKey> parse_signer(std::string_view text) {
    const auto key =
        text.starts_with(kPrefix) ? hex_decode_array<32>(text.substr(kPrefix.size())) : fail(Reason::malformed);
    if (!key)
        return fail(Reason::malformed, "write \"ed25519:\" and 64 hexadecimal digits, as the key's maker was told");
    Bytes spki(std::begin(kSpkiHead), std::end(kSpkiHead));
    spki.insert(spki.end(), key->begin(), key->end());
    return crypto::PublicKey::from_spki_der(spki);
}

std::string signer_text(const crypto::PublicKey& key) {
    const auto spki = key.spki_der();
    if (!spki || spki->size() != sizeof kSpkiHead + 32 ||
        !std::ranges::equal(kSpkiHead, ByteView(*spki).first(sizeof kSpkiHead)))
        return {};
    return std::string(kPrefix) + hex_encode(ByteView(*spki).subspan(sizeof kSpkiHead));
}

Result<Makers> open_makers(ByteView file, const Signers& signers) {
    CT_TRY(const auto envelope, attest::decode_envelope(file));
    // Before anything of the payload is looked at.
    CT_CHECK(attest::check_signatures(envelope, attest::kCollateralPurpose, signers.keys, signers.needed));
    CT_TRY(auto bundle, attest::decode_collateral(envelope.payload));
    return Makers{crypto::sha256(envelope.payload), bundle.made, bundle.until, std::move(bundle.items), bundle.serial};
}

}  // namespace ct::judge
