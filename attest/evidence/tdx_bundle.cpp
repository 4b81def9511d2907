// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_bundle.h"

#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::attest::tdx {
namespace {

constexpr std::size_t kHead = 32;  // around quote and log

Status expect(cbor::Reader& in, std::uint64_t key) {
    CT_TRY(const std::uint64_t found, in.uint());
    if (found != key) return fail(Reason::malformed, "expected field " + std::to_string(key));
    return {};
}

Status get_empty(ByteView bytes) {
    cbor::Reader in(bytes);
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(0));
    CT_CHECK(in.leave());
    return in.finish();
}

// What is not asked for is not written: false has no form of its own.
Result<Request> get_request(ByteView bytes) {
    cbor::Reader in(bytes);
    Request out;
    CT_TRY(const std::size_t fields, in.map(1));
    if (fields == 1) {
        CT_CHECK(expect(in, 0));
        CT_TRY(out.event_log, in.boolean());
        if (!out.event_log) return fail(Reason::malformed, "an event log that is not asked for");
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

Result<Evidence> get_evidence(ByteView bytes) {
    cbor::Reader in(bytes);
    Evidence out;
    CT_TRY(const std::size_t fields, in.map(2));
    CT_CHECK(expect(in, 0));
    CT_TRY(out.quote, in.bytes(1, limits::kTdxQuote));
    if (fields == 2) {
        CT_CHECK(expect(in, 1));
        CT_TRY(out.event_log, in.bytes(1, limits::kEventLog));
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

// The codec's words for what is wrong, and the reason of an evidence check.
template <class T>
Result<T> as_evidence(Result<T> result) {
    if (!result) {
        result.error().reason =
            result.error().reason == Reason::too_large ? Reason::evidence_too_large : Reason::evidence_malformed;
    }
    return result;
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

Status decode_introduction(ByteView bytes) { return as_evidence<void>(get_empty(bytes)); }
Result<Request> decode_request(ByteView bytes) { return as_evidence(get_request(bytes)); }

Result<Evidence> decode_evidence(ByteView bytes) {
    if (bytes.size() > limits::kTdxQuote + limits::kEventLog + kHead)
        return fail(Reason::evidence_too_large, "tdx body");
    return as_evidence(get_evidence(bytes));
}

}  // namespace ct::attest::tdx
