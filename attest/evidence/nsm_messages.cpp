// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nsm_messages.h"

#include <algorithm>

#include "attest/evidence/cbor_cursor.h"
#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::attest::nitro {
namespace {

constexpr std::size_t kMostWord = 32;
constexpr std::array<std::string_view, 9> kErrors{"Success",         "InvalidArgument", "InvalidIndex",
                                                  "InvalidResponse", "ReadOnlyIndex",   "InvalidOperation",
                                                  "BufferTooSmall",  "InputTooLarge",   "InternalError"};

}  // namespace

Bytes encode_attestation_request(ByteView user_data, ByteView nonce) {
    cbor::Writer out;
    out.map(1).text("Attestation").map(3);
    out.text("nonce").bytes(nonce).text("user_data").bytes(user_data).text("public_key").null();
    return out.take();
}

Result<ByteView> parse_attestation_response(ByteView bytes) {
    CborCursor in(bytes);
    ByteView document;
    std::string_view error;
    if (auto outer = in.map(1); !outer.next()) in.fail("an empty answer");
    const std::string_view word = in.text(1, kMostWord);
    if (word == "Error") {
        error = in.text(1, kMostWord);
    } else {
        if (word != "Attestation") in.fail("an answer to something else");
        if (auto inner = in.map(1); !inner.next() || in.text(1, kMostWord) != "document") in.fail("no document");
        document = in.bytes(1, limits::kNitroDocument);
    }
    if (const Status whole = in.finish("the NSM's answer"); !whole)
        return fail(Reason::evidence_device_failed, whole.error().context);
    if (word != "Error") return document;
    // Only a word of its list goes on into our own errors.
    const bool known = std::ranges::find(kErrors, error) != kErrors.end();
    return fail(Reason::evidence_device_failed, "the NSM refuses: " + std::string(known ? error : "an unknown error"));
}

}  // namespace ct::attest::nitro
