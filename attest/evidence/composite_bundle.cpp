// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/composite_bundle.h"

#include "attest/evidence/body.h"
#include "base/limits.h"

namespace ct::attest {
namespace {

constexpr std::size_t kMostRequest = 16;
constexpr std::size_t kMostAzure =
    limits::kHclReport + limits::kTdxQuote + limits::kCertificateChain * (limits::kCertificate + 8) + 64;

Result<Parts> get_parts(cbor::Reader& in) {
    Parts out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(2));
    CT_CHECK(in.key(0));
    CT_TRY(out.tpm, in.bytes(1, limits::kEvidence));
    CT_CHECK(in.key(1));
    CT_TRY(out.hardware, in.bytes(0, limits::kEvidence));
    return out;
}

Result<azure::Request> get_request(cbor::Reader& in) {
    azure::Request out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(1));
    CT_CHECK(in.key(0));
    CT_TRY(out.user_data, in.boolean());
    return out;
}

Result<azure::Evidence> get_evidence(cbor::Reader& in) {
    azure::Evidence out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(3));
    CT_CHECK(in.key(0));
    CT_TRY(out.hcl_report, in.bytes(1, limits::kHclReport));
    CT_CHECK(in.key(1));
    CT_TRY(out.certificates, get_chain(in));
    CT_CHECK(in.key(2));
    CT_TRY(out.quote, in.bytes(0, limits::kTdxQuote));
    return out;
}

}  // namespace

Bytes encode(const Parts& parts) {
    cbor::Writer out;
    out.map(2).uint(0).bytes(parts.tpm).uint(1).bytes(parts.hardware);
    return out.take();
}

Result<Parts> decode_parts(ByteView bytes, std::size_t most) {
    return decode_body(bytes, most, "composite body", get_parts);
}

namespace azure {

Bytes encode(const Request& request) {
    cbor::Writer out;
    out.map(1).uint(0).boolean(request.user_data);
    return out.take();
}

Bytes encode(const Evidence& evidence) {
    cbor::Writer out;
    out.map(3).uint(0).bytes(evidence.hcl_report).uint(1);
    put_chain(out, evidence.certificates);
    out.uint(2).bytes(evidence.quote);
    return out.take();
}

Result<Request> decode_request(ByteView bytes) {
    return decode_body(bytes, kMostRequest, "azure request", get_request);
}
Result<Evidence> decode_evidence(ByteView bytes) {
    return decode_body(bytes, kMostAzure, "azure evidence", get_evidence);
}

}  // namespace azure
}  // namespace ct::attest
