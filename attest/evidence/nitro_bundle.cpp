// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nitro_bundle.h"

#include "codec/cbor.h"

namespace ct::attest::nitro {
namespace {

// All of these bodies are a map of one field, numbered 0.
template <class Take>
auto only_field(ByteView bytes, Take take) -> decltype(take(std::declval<cbor::Reader&>())) {
    cbor::Reader in(bytes);
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(1));
    CT_TRY([[maybe_unused]] const std::uint64_t key, in.uint(0));
    CT_TRY(auto value, take(in));
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return value;
}

std::unexpected<Error> malformed(const Error& error) {
    return fail(error.reason == Reason::too_large ? Reason::evidence_too_large : Reason::evidence_malformed,
                error.context);
}

Bytes encode_form(Form form) {
    cbor::Writer out;
    out.map(1).uint(0).uint(static_cast<std::uint64_t>(form));
    return out.take();
}

Result<Form> decode_form(ByteView bytes) {
    const auto form =
        only_field(bytes, [](cbor::Reader& in) { return in.uint(static_cast<std::uint64_t>(Form::nitrotpm)); });
    if (!form) return malformed(form.error());
    return static_cast<Form>(*form);
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
    CT_TRY(const Form form, decode_form(bytes));
    return Introduction{form};
}

Result<Request> decode_request(ByteView bytes) {
    CT_TRY(const Form form, decode_form(bytes));
    return Request{form};
}

Result<Evidence> decode_evidence(ByteView bytes) {
    const auto document = only_field(bytes, [](cbor::Reader& in) { return in.bytes(1, limits::kNitroDocument); });
    if (!document) return malformed(document.error());
    return Evidence{*document};
}

}  // namespace ct::attest::nitro
