// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tpm2_bundle.h"

#include <bit>

#include "attest/evidence/body.h"
#include "base/limits.h"

namespace ct::attest::tpm {
namespace {

constexpr std::size_t kMostDigest = 64;
constexpr std::size_t kMostIdObject = 132;         // TPMS_ID_OBJECT: two TPM2B_DIGEST
constexpr std::size_t kMostEncryptedSecret = 512;  // RSA-4096
constexpr std::size_t kIntroduction = 64 << 10;
constexpr std::size_t kRequest = 1024;

Result<Introduction> get_introduction(cbor::Reader& in) {
    Introduction out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(4));
    CT_CHECK(in.key(0));
    CT_TRY(out.ak_public, in.bytes(1, limits::kTpmPublic));
    CT_CHECK(in.key(1));
    CT_TRY(out.ek_public, in.bytes(0, limits::kTpmPublic));
    CT_CHECK(in.key(2));
    CT_TRY(out.ak_certificates, get_chain(in));
    CT_CHECK(in.key(3));
    CT_TRY(out.ek_certificates, get_chain(in));
    return out;
}

Result<Request> get_request(cbor::Reader& in) {
    Request out;
    CT_TRY(const std::size_t fields, in.map(4));
    CT_CHECK(in.key(0));
    CT_TRY(const std::uint64_t bank, in.uint(UINT16_MAX));
    out.pcrs.bank = static_cast<std::uint16_t>(bank);
    CT_CHECK(in.key(1));
    CT_TRY(const std::uint64_t mask, in.uint((1U << kPcrs) - 1));
    if (mask == 0) return fail(Reason::malformed, "a request for no PCR");
    out.pcrs.mask = static_cast<std::uint32_t>(mask);
    CT_CHECK(in.key(2));
    CT_TRY(out.event_log, in.boolean());
    if (fields == 4) {
        CT_CHECK(in.key(3));
        CT_TRY(const std::size_t two, in.array(2));
        if (two != 2) return fail(Reason::malformed, "a credential has two parts");
        Credential credential;
        CT_TRY(credential.id_object, in.bytes(1, kMostIdObject));
        CT_TRY(credential.encrypted_secret, in.bytes(1, kMostEncryptedSecret));
        out.credential = credential;
        CT_CHECK(in.leave());
    }
    return out;
}

Result<Evidence> get_evidence(cbor::Reader& in) {
    Evidence out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(5));
    CT_CHECK(in.key(0));
    CT_TRY(out.attest, in.bytes(1, limits::kTpmAttest));
    CT_CHECK(in.key(1));
    CT_TRY(out.signature, in.bytes(1, limits::kTpmSignature));
    CT_CHECK(in.key(2));
    CT_TRY(const std::size_t count, in.map(kPcrs));
    for (std::size_t i = 0; i < count; ++i) {
        CT_TRY(const std::uint64_t index, in.uint(kPcrs - 1));
        CT_TRY(out.pcr_values[index], in.bytes(1, kMostDigest));
        out.pcr_mask |= 1U << index;
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.key(3));
    CT_TRY(out.event_log, in.bytes(0, limits::kEventLog));
    CT_CHECK(in.key(4));
    CT_TRY(out.secret, in.bytes(0, kMostDigest));
    return out;
}

}  // namespace

Bytes encode(const Introduction& introduction) {
    cbor::Writer out;
    out.map(4);
    out.uint(0).bytes(introduction.ak_public);
    out.uint(1).bytes(introduction.ek_public);
    out.uint(2);
    put_chain(out, introduction.ak_certificates);
    out.uint(3);
    put_chain(out, introduction.ek_certificates);
    return out.take();
}

Bytes encode(const Request& request) {
    cbor::Writer out;
    out.map(request.credential ? 4 : 3);
    out.uint(0).uint(request.pcrs.bank);
    out.uint(1).uint(request.pcrs.mask);
    out.uint(2).boolean(request.event_log);
    if (request.credential) {
        out.uint(3).array(2).bytes(request.credential->id_object).bytes(request.credential->encrypted_secret);
    }
    return out.take();
}

Bytes encode(const Evidence& evidence) {
    cbor::Writer out;
    out.map(5);
    out.uint(0).bytes(evidence.attest);
    out.uint(1).bytes(evidence.signature);
    out.uint(2).map(static_cast<std::uint64_t>(std::popcount(evidence.pcr_mask)));
    for (unsigned i = 0; i < kPcrs; ++i) {
        if ((evidence.pcr_mask >> i & 1) != 0) out.uint(i).bytes(evidence.pcr_values[i]);
    }
    out.uint(3).bytes(evidence.event_log);
    out.uint(4).bytes(evidence.secret);
    return out.take();
}

Result<Introduction> decode_introduction(ByteView bytes) {
    return decode_body(bytes, kIntroduction, "tpm2 introduction", get_introduction);
}
Result<Request> decode_request(ByteView bytes) { return decode_body(bytes, kRequest, "tpm2 request", get_request); }
Result<Evidence> decode_evidence(ByteView bytes) {
    return decode_body(bytes, limits::kEvidence, "tpm2 evidence", get_evidence);
}

}  // namespace ct::attest::tpm
