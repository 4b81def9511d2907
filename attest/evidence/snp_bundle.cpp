// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_bundle.h"

#include "attest/evidence/body.h"
#include "base/limits.h"

namespace ct::attest::snp {
namespace {

constexpr std::size_t kSmall = 16;
constexpr std::size_t kMostEvidence = kReportSize + limits::kCertificateChain * (limits::kCertificate + 8) + 64;

// The map {0: level} of an introduction and of a request.
Result<std::uint32_t> get_level(cbor::Reader& in) {
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(1));
    CT_CHECK(in.key(0));
    CT_TRY(const std::uint64_t level, in.uint(kMostVmpl));
    return static_cast<std::uint32_t>(level);
}

Bytes encode_level(std::uint32_t level) {
    cbor::Writer out;
    out.map(1).uint(0).uint(level);
    return out.take();
}

Result<Evidence> get_evidence(cbor::Reader& in) {
    Evidence out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(2));
    CT_CHECK(in.key(0));
    CT_TRY(out.report, in.bytes(kReportSize, kReportSize));
    CT_CHECK(in.key(1));
    CT_TRY(out.certificates, get_chain(in));
    return out;
}

}  // namespace

Bytes encode(const Introduction& introduction) { return encode_level(introduction.vmpl_floor); }
Bytes encode(const Request& request) { return encode_level(request.vmpl); }

Bytes encode(const Evidence& evidence) {
    cbor::Writer out;
    out.map(2).uint(0).bytes(evidence.report).uint(1);
    put_chain(out, evidence.certificates);
    return out.take();
}

Result<Introduction> decode_introduction(ByteView bytes) {
    CT_TRY(const std::uint32_t level, decode_body(bytes, kSmall, "sev-snp introduction", get_level));
    return Introduction{level};
}

Result<Request> decode_request(ByteView bytes) {
    CT_TRY(const std::uint32_t level, decode_body(bytes, kSmall, "sev-snp request", get_level));
    return Request{level};
}

Result<Evidence> decode_evidence(ByteView bytes) {
    return decode_body(bytes, kMostEvidence, "sev-snp evidence", get_evidence);
}

}  // namespace ct::attest::snp
