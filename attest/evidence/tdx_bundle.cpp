// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_bundle.h"

#include "attest/evidence/body.h"
#include "base/limits.h"

namespace ct::attest::tdx {
namespace {

constexpr std::size_t kSmall = 16;
constexpr std::size_t kMostEvidence = limits::kTdxQuote + limits::kEventLog + 32;

// What is not asked for is not written: false has no form of its own.
Result<Request> get_request(cbor::Reader& in) {
    Request out;
    CT_TRY(const std::size_t fields, in.map(1));
    if (fields == 1) {
        CT_CHECK(in.key(0));
        CT_TRY(out.event_log, in.boolean());
        if (!out.event_log) return fail(Reason::malformed, "an event log that is not asked for");
    }
    return out;
}

Result<Evidence> get_evidence(cbor::Reader& in) {
    Evidence out;
    CT_TRY(const std::size_t fields, in.map(2));
    CT_CHECK(in.key(0));
    CT_TRY(out.quote, in.bytes(1, limits::kTdxQuote));
    if (fields == 2) {
        CT_CHECK(in.key(1));
        CT_TRY(out.event_log, in.bytes(1, limits::kEventLog));
    }
    return out;
}

}  // namespace

Bytes encode_introduction() { return cbor::Writer().map(0).take(); }

Bytes encode_request(const Request& request) {
    cbor::Writer out;
    out.map(request.event_log ? 1 : 0);
    if (request.event_log) out.uint(0).boolean(true);
    return out.take();
}

Bytes encode(const Evidence& evidence) {
    cbor::Writer out;
    out.map(evidence.event_log.empty() ? 1 : 2).uint(0).bytes(evidence.quote);
    if (!evidence.event_log.empty()) out.uint(1).bytes(evidence.event_log);
    return out.take();
}

Status decode_introduction(ByteView bytes) {
    const auto none = [](cbor::Reader& in) { return in.map(0); };
    CT_TRY([[maybe_unused]] const std::size_t fields, decode_body(bytes, kSmall, "tdx introduction", none));
    return {};
}

Result<Request> decode_request(ByteView bytes) { return decode_body(bytes, kSmall, "tdx request", get_request); }
Result<Evidence> decode_evidence(ByteView bytes) {
    return decode_body(bytes, kMostEvidence, "tdx evidence", get_evidence);
}

}  // namespace ct::attest::tdx
