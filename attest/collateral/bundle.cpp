// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/bundle.h"

#include <algorithm>

#include "attest/signed/envelope.h"
#include "attest/signed/payload.h"
#include "codec/cbor.h"

namespace ct::attest {
namespace {

bool canonical_before(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

Bytes encode(const CollateralBundle& bundle) {
    // Canonical CBOR has shorter names first.
    std::vector<std::string_view> names;
    names.reserve(bundle.items.size());
    for (const auto& [name, content] : bundle.items)
        names.push_back(name);
    std::ranges::sort(names, canonical_before);
    cbor::Writer out;
    out.map(4)
        .uint(0)
        .uint(bundle.serial)
        .uint(1)
        .uint(payload_time(bundle.made))
        .uint(2)
        .uint(payload_time(bundle.until));
    out.uint(3).map(names.size());
    for (const std::string_view name : names)
        out.text(name).bytes(bundle.items.find(name)->second);
    return out.take();
}

Result<CollateralBundle> decode_collateral(ByteView payload) {
    if (payload.size() > kMostEnvelope) return fail(Reason::too_large, "collateral bundle");
    cbor::Reader in(payload);
    CollateralBundle out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(4));
    CT_CHECK(in.key(0));
    CT_TRY(out.serial, in.uint());
    CT_CHECK(in.key(1));
    CT_TRY(out.made, read_payload_time(in));
    CT_CHECK(in.key(2));
    CT_TRY(out.until, read_payload_time(in));
    if (out.until < out.made) return fail(Reason::malformed, "a collateral bundle that ends before it was made");
    CT_CHECK(in.key(3));
    CT_TRY(const std::size_t count, in.map(kMostCollateralItems));
    for (std::size_t i = 0; i < count; ++i) {
        CT_TRY(const std::string_view name, in.text(1, kMostCollateralName));
        CT_TRY(const ByteView content, in.bytes(1, kMostCollateralItem));
        out.items.emplace(name, to_vector(content));
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

}  // namespace ct::attest
