// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/composite_bundle.h"

#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::attest {
namespace {

constexpr std::size_t kMostRequest = 16;
constexpr std::size_t kMostAzure =
    limits::kHclReport + limits::kTdxQuote + limits::kCertificateChain * (limits::kCertificate + 8) + 64;

Status expect(cbor::Reader& in, std::uint64_t key) {
    CT_TRY(const std::uint64_t found, in.uint());
    if (found != key) return fail(Reason::malformed, "expected field " + std::to_string(key));
    return {};
}

Result<Parts> get_parts(cbor::Reader& in) {
    Parts out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(2));
    CT_CHECK(expect(in, 0));
    CT_TRY(out.tpm, in.bytes(1, limits::kEvidence));
    CT_CHECK(expect(in, 1));
    CT_TRY(out.hardware, in.bytes(0, limits::kEvidence));
    return out;
}

Result<azure::Request> get_request(cbor::Reader& in) {
    azure::Request out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(1));
    CT_CHECK(expect(in, 0));
    CT_TRY(out.user_data, in.boolean());
    return out;
}

Result<azure::Evidence> get_evidence(cbor::Reader& in) {
    azure::Evidence out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(3));
    CT_CHECK(expect(in, 0));
    CT_TRY(out.hcl_report, in.bytes(1, limits::kHclReport));
    CT_CHECK(expect(in, 1));
    CT_TRY(const std::size_t count, in.array(limits::kCertificateChain));
    for (std::size_t i = 0; i < count; ++i) {
        CT_TRY(const ByteView certificate, in.bytes(1, limits::kCertificate));
        out.certificates.push_back(certificate);
    }
    CT_CHECK(in.leave());
    CT_CHECK(expect(in, 2));
    CT_TRY(out.quote, in.bytes(0, limits::kTdxQuote));
    return out;
}

// All of `bytes` through `get`, with the codec's words for what is wrong and the reason of an evidence check.
template <class T>
Result<T> whole(ByteView bytes, std::size_t most, const char* what, Result<T> (*get)(cbor::Reader&)) {
    if (bytes.size() > most) return fail(Reason::evidence_too_large, what);
    cbor::Reader in(bytes);
    auto result = [&]() -> Result<T> {
        CT_TRY(auto out, get(in));
        CT_CHECK(in.leave());
        CT_CHECK(in.finish());
        return out;
    }();
    if (!result) {
        const bool large = result.error().reason == Reason::too_large;
        return fail(large ? Reason::evidence_too_large : Reason::evidence_malformed,
                    std::string(what) + ": " + result.error().context);
    }
    return result;
}

}  // namespace

Bytes encode(const Parts& parts) {
    cbor::Writer out;
    out.map(2).uint(0).bytes(parts.tpm).uint(1).bytes(parts.hardware);
    return out.take();
}

Result<Parts> decode_parts(ByteView bytes, std::size_t most) { return whole(bytes, most, "composite body", get_parts); }

namespace azure {

Bytes encode(const Request& request) {
    cbor::Writer out;
    out.map(1).uint(0).boolean(request.user_data);
    return out.take();
}

Bytes encode(const Evidence& evidence) {
    cbor::Writer out;
    out.map(3).uint(0).bytes(evidence.hcl_report).uint(1).array(evidence.certificates.size());
    for (const ByteView certificate : evidence.certificates)
        out.bytes(certificate);
    out.uint(2).bytes(evidence.quote);
    return out.take();
}

Result<Request> decode_request(ByteView bytes) { return whole(bytes, kMostRequest, "azure request", get_request); }
Result<Evidence> decode_evidence(ByteView bytes) { return whole(bytes, kMostAzure, "azure evidence", get_evidence); }

}  // namespace azure
}  // namespace ct::attest
