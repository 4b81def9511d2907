// SPDX-License-Identifier: Apache-2.0
#include "attest/signed/envelope.h"

#include <algorithm>

#include "codec/cbor.h"

namespace ct::attest {
namespace {

constexpr std::string_view kMagic = "cloudtaser/signed/v1";

// What is signed: magic 0x00 purpose 0x00 payload.
Bytes signed_bytes(std::string_view purpose, ByteView payload) {
    Bytes out;
    out.reserve(kMagic.size() + purpose.size() + payload.size() + 2);
    for (const std::string_view word : {kMagic, purpose}) {
        out.insert(out.end(), word.begin(), word.end());
        out.push_back(0);
    }
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

}  // namespace

Bytes encode(const Envelope& envelope) {
    cbor::Writer out;
    out.array(3).text(kMagic).bytes(envelope.payload).array(envelope.signatures.size());
    for (const auto& signature : envelope.signatures)
        out.array(2).bytes(signature.key).bytes(signature.bytes);
    return out.take();
}

Result<Envelope> decode_envelope(ByteView bytes) {
    if (bytes.size() > kMostEnvelope) return fail(Reason::too_large, "signed file");
    cbor::Reader in(bytes);
    Envelope out;
    CT_TRY(const std::size_t parts, in.array(3));
    if (parts != 3) return fail(Reason::malformed, "a signed file has three parts");
    CT_TRY(const std::string_view magic, in.text(1, kMagic.size()));
    if (magic != kMagic) return fail(Reason::malformed, "not a signed file of version 1");
    CT_TRY(const ByteView payload, in.bytes(0, kMostEnvelope));
    out.payload = to_vector(payload);
    CT_TRY(const std::size_t count, in.array(kMostSignatures));
    for (std::size_t i = 0; i < count; ++i) {
        Envelope::Signature signature;
        CT_TRY(const std::size_t two, in.array(2));
        if (two != 2) return fail(Reason::malformed, "a signature has two parts");
        CT_TRY(signature.key, in.byte_array<32>());
        CT_TRY(signature.bytes, in.byte_array<64>());
        CT_CHECK(in.leave());
        if (!out.signatures.empty() && out.signatures.back().key >= signature.key)
            return fail(Reason::malformed, "signatures that are not in order, or two of one key");
        out.signatures.push_back(signature);
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

Status add_signature(Envelope& envelope, std::string_view purpose, const crypto::Ed25519Key& key) {
    Envelope::Signature signature;
    CT_TRY(const auto public_key, key.public_key());
    CT_TRY(signature.key, public_key.spki_sha256());
    CT_TRY(signature.bytes, key.sign(signed_bytes(purpose, envelope.payload)));
    const auto at = std::ranges::lower_bound(envelope.signatures, signature.key, {}, &Envelope::Signature::key);
    if (at != envelope.signatures.end() && at->key == signature.key) {
        *at = signature;
        return {};
    }
    if (envelope.signatures.size() == kMostSignatures) return fail(Reason::too_large, "too many signatures");
    envelope.signatures.insert(at, signature);
    return {};
}

Status check_signatures(const Envelope& envelope, std::string_view purpose, std::span<const crypto::PublicKey> keys,
                        std::size_t needed) {
    const Bytes message = signed_bytes(purpose, envelope.payload);
    std::vector<Sha256> signers;
    for (const auto& key : keys) {
        CT_TRY(const Sha256 name, key.spki_sha256());
        const auto at = std::ranges::lower_bound(envelope.signatures, name, {}, &Envelope::Signature::key);
        if (at == envelope.signatures.end() || at->key != name) continue;
        CT_CHECK(crypto::verify_ed25519(key, message, at->bytes));
        if (std::ranges::find(signers, name) == signers.end()) signers.push_back(name);  // a key may be listed twice
    }
    if (needed == 0 || signers.size() < needed)
        return fail(Reason::evidence_signature_invalid, std::to_string(signers.size()) + " of the " +
                                                            std::to_string(std::max<std::size_t>(needed, 1)) +
                                                            " signatures that are needed");
    return {};
}

}  // namespace ct::attest
