// SPDX-License-Identifier: Apache-2.0
#include "clients/attest/evidence_file.h"

#include <algorithm>

#include "attest/protocol/messages.h"
#include "base/limits.h"
#include "codec/cbor.h"
#include "crypto/digest.h"

namespace ct::attest_tool {

Bytes encode(const EvidenceFile& file) {
    cbor::Writer out;
    out.array(5).text(kEvidenceFormat).text(file.kind).bytes(file.nonce);
    return out.bytes(file.introduction).bytes(file.evidence).take();
}

Result<EvidenceFile> decode_evidence_file(ByteView bytes) {
    cbor::Reader in(bytes);
    EvidenceFile out;
    CT_TRY(const auto items, in.array(5));
    CT_TRY(const auto format, in.text(0, 64));
    if (items != 5 || format != kEvidenceFormat) return fail(Reason::malformed, "not evidence of this tool");
    CT_TRY(const auto kind, in.text(1, 32));
    if (!attest::valid_kind(kind)) return fail(Reason::malformed, "the word for its kind");
    out.kind = kind;
    CT_TRY(const auto nonce, in.bytes(0, kMostNonce));
    CT_TRY(const auto introduction, in.bytes(0, limits::kGateMessage));
    CT_TRY(const auto evidence, in.bytes(0, limits::kGateMessage));
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    out.nonce = to_vector(nonce);
    out.introduction = to_vector(introduction);
    out.evidence = to_vector(evidence);
    return out;
}

Sha512 binding_of(ByteView nonce) {
    using namespace std::string_view_literals;
    Sha512 out{};
    std::ranges::copy(crypto::digest(crypto::Hash::sha512, {as_bytes("cloudtaser/attest/v1\0"sv), nonce}), out.begin());
    return out;
}

}  // namespace ct::attest_tool
