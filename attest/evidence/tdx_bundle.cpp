// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_bundle.h"

#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::attest::tdx {
namespace {

constexpr std::size_t kHead = 16;  // around the quote

Bytes encode_empty() { return cbor::Writer().map(0).take(); }

Status get_empty(ByteView bytes) {
    cbor::Reader in(bytes);
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(0));
    CT_CHECK(in.leave());
    return in.finish();
}

Result<Evidence> get_evidence(ByteView bytes) {
    cbor::Reader in(bytes);
    Evidence out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(1));
    CT_TRY([[maybe_unused]] const std::uint64_t key, in.uint(0));
    CT_TRY(out.quote, in.bytes(1, limits::kTdxQuote));
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

Bytes encode_introduction() { return encode_empty(); }
Bytes encode_request() { return encode_empty(); }

Bytes encode(const Evidence& evidence) {
    cbor::Writer out;
    out.map(1).uint(0).bytes(evidence.quote);
    return out.take();
}

Status decode_introduction(ByteView bytes) { return as_evidence<void>(get_empty(bytes)); }
Status decode_request(ByteView bytes) { return as_evidence<void>(get_empty(bytes)); }

Result<Evidence> decode_evidence(ByteView bytes) {
    if (bytes.size() > limits::kTdxQuote + kHead) return fail(Reason::evidence_too_large, "tdx body");
    return as_evidence(get_evidence(bytes));
}

}  // namespace ct::attest::tdx
