// SPDX-License-Identifier: Apache-2.0
// What the bodies of every kind have in common, introductions, requests and evidence alike: one CBOR map of at most a stated
// size, in its only form (lib/codec/cbor.h), and the reasons of an evidence check for what is wrong with it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/cbor.h"

namespace ct::attest {

// All of `bytes` through `get`, which opens the map and takes its pairs. evidence_malformed or evidence_too_large, with `what`
// and the codec's words.
template <class Get>
auto decode_body(ByteView bytes, std::size_t most, std::string_view what, Get get)
    -> decltype(get(std::declval<cbor::Reader&>())) {
    if (bytes.size() > most) return fail(Reason::evidence_too_large, std::string(what));
    const auto whole = [&]() -> decltype(get(std::declval<cbor::Reader&>())) {
        cbor::Reader in(bytes);
        CT_TRY(auto body, get(in));
        CT_CHECK(in.leave());
        CT_CHECK(in.finish());
        return body;
    };
    auto body = whole();
    if (!body) {
        const bool large = body.error().reason == Reason::too_large;
        return fail(large ? Reason::evidence_too_large : Reason::evidence_malformed,
                    std::string(what) + ": " + body.error().context);
    }
    return body;
}

// Certificates in DER, the leaf first; perhaps none.
void put_chain(cbor::Writer& out, const std::vector<ByteView>& chain);
Result<std::vector<ByteView>> get_chain(cbor::Reader& in);

}  // namespace ct::attest
