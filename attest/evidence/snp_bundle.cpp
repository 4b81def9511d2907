// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_bundle.h"

#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::attest::snp {
namespace {

constexpr std::size_t kSmall = 16;
constexpr std::size_t kMostEvidence = kReportSize + limits::kCertificateChain * (limits::kCertificate + 8) + 64;

// The map {0: level} of an introduction and of a request.
Result<std::uint32_t> level_of(ByteView bytes, const std::string& what) {
    if (bytes.size() > kSmall) return fail(Reason::evidence_too_large, what);
    const auto read = [&]() -> Result<std::uint32_t> {
        cbor::Reader in(bytes);
        CT_TRY([[maybe_unused]] const std::size_t one, in.map(1));
        CT_TRY([[maybe_unused]] const std::uint64_t key, in.uint(0));
        CT_TRY(const std::uint64_t level, in.uint(kMostVmpl));
        CT_CHECK(in.leave());
        CT_CHECK(in.finish());
        return static_cast<std::uint32_t>(level);
    }();
    if (!read) return fail(Reason::evidence_malformed, what + ": " + read.error().context);
    return read;
}

Bytes encode_level(std::uint32_t level) {
    cbor::Writer out;
    out.map(1).uint(0).uint(level);
    return out.take();
}

Result<Evidence> read_evidence(ByteView bytes) {
    cbor::Reader in(bytes);
    Evidence out;
    CT_TRY(const std::size_t fields, in.map(2));
    if (fields != 2) return fail(Reason::malformed, "report and certificates");
    CT_TRY([[maybe_unused]] const std::uint64_t zero, in.uint(0));
    CT_TRY(out.report, in.bytes(kReportSize, kReportSize));
    CT_TRY(const std::uint64_t one, in.uint(1));
    if (one != 1) return fail(Reason::malformed, "certificates");
    CT_TRY(const std::size_t count, in.array(limits::kCertificateChain));
    for (std::size_t i = 0; i < count; ++i) {
        CT_TRY(const ByteView certificate, in.bytes(1, limits::kCertificate));
        out.certificates.push_back(certificate);
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

}  // namespace

Bytes encode(const Introduction& introduction) { return encode_level(introduction.vmpl_floor); }
Bytes encode(const Request& request) { return encode_level(request.vmpl); }

Bytes encode(const Evidence& evidence) {
    cbor::Writer out;
    out.map(2).uint(0).bytes(evidence.report).uint(1).array(evidence.certificates.size());
    for (const ByteView certificate : evidence.certificates)
        out.bytes(certificate);
    return out.take();
}

Result<Introduction> decode_introduction(ByteView bytes) {
    CT_TRY(const std::uint32_t level, level_of(bytes, "sev-snp introduction"));
    return Introduction{level};
}

Result<Request> decode_request(ByteView bytes) {
    CT_TRY(const std::uint32_t level, level_of(bytes, "sev-snp request"));
    return Request{level};
}

Result<Evidence> decode_evidence(ByteView bytes) {
    if (bytes.size() > kMostEvidence) return fail(Reason::evidence_too_large, "sev-snp evidence");
    auto evidence = read_evidence(bytes);
    if (!evidence) return fail(Reason::evidence_malformed, "sev-snp evidence: " + evidence.error().context);
    return evidence;
}

}  // namespace ct::attest::snp
