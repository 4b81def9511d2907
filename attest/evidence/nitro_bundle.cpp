// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nitro_bundle.h"

#include "attest/evidence/body.h"
#include "base/limits.h"

namespace ct::attest::nitro {
namespace {

constexpr std::size_t kSmall = 16;
constexpr std::size_t kMostEvidence = limits::kNitroDocument + 16;

Bytes encode_form(Form form) {
    cbor::Writer out;
    out.map(1).uint(0).uint(static_cast<std::uint64_t>(form));
    return out.take();
}

Result<Form> get_form(cbor::Reader& in) {
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(1));
    CT_CHECK(in.key(0));
    CT_TRY(const std::uint64_t form, in.uint(static_cast<std::uint64_t>(Form::nitrotpm)));
    return static_cast<Form>(form);
}

Result<Evidence> get_evidence(cbor::Reader& in) {
    Evidence out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(1));
    CT_CHECK(in.key(0));
    CT_TRY(out.document, in.bytes(1, limits::kNitroDocument));
    return out;
}

}  // namespace

Bytes encode(const Introduction& introduction) { return encode_form(introduction.form); }
Bytes encode(const Request& request) { return encode_form(request.form); }

Bytes encode(const Evidence& evidence) {
    cbor::Writer out;
    out.map(1).uint(0).bytes(evidence.document);
    return out.take();
}

Result<Introduction> decode_introduction(ByteView bytes) {
    CT_TRY(const Form form, decode_body(bytes, kSmall, "nitro introduction", get_form));
    return Introduction{form};
}

Result<Request> decode_request(ByteView bytes) {
    CT_TRY(const Form form, decode_body(bytes, kSmall, "nitro request", get_form));
    return Request{form};
}

Result<Evidence> decode_evidence(ByteView bytes) {
    return decode_body(bytes, kMostEvidence, "nitro evidence", get_evidence);
}

}  // namespace ct::attest::nitro
