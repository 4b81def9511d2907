// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/decision.h"

#include "attest/judge/encoding.h"
#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::judge {
namespace {

constexpr std::size_t kItems = 14;
constexpr std::size_t kFindings = 4096;
constexpr std::size_t kClaims = 4096;  // of one kind
constexpr std::size_t kKinds = 16;
constexpr std::size_t kCollateral = 256;  // items that one verdict rests on

void put_terms(cbor::Writer& out, const Decision& decision) {
    if (!decision.granted()) {
        out.null().null();
        return;
    }
    const auto& terms = decision.terms;
    out.array(4).integer(terms.lifetime.count()).text(terms.tiers).boolean(terms.require_enforcement);
    out.boolean(terms.allow_degraded_memory);
    const auto& mint = decision.mint;
    out.array(3).text(mint.role).integer(mint.ttl.count()).integer(mint.wrap_ttl.count());
}

Result<Seconds> take_seconds(cbor::Reader& in) {
    CT_TRY(auto count, in.uint(UINT32_MAX));
    return Seconds{count};
}

Status take_terms(cbor::Reader& in, Decision& out) {
    CT_TRY(auto type, in.peek());
    if (type == cbor::Type::null) {
        CT_CHECK(in.null());
        return in.null();
    }
    CT_CHECK(enter_array(in, 4));
    CT_TRY(out.terms.lifetime, take_seconds(in));
    CT_TRY(out.terms.tiers, take_text(in, 4));
    CT_TRY(out.terms.require_enforcement, in.boolean());
    CT_TRY(out.terms.allow_degraded_memory, in.boolean());
    CT_CHECK(in.leave());
    CT_CHECK(enter_array(in, 3));
    CT_TRY(out.mint.role, take_text(in, limits::kNameLength));
    CT_TRY(out.mint.ttl, take_seconds(in));
    CT_TRY(out.mint.wrap_ttl, take_seconds(in));
    return in.leave();
}

Status take_claims(cbor::Reader& in, Decision& out) {
    CT_TRY(auto kinds, in.array(kKinds));
    for (std::size_t i = 0; i < kinds; ++i) {
        CT_CHECK(enter_array(in, 2));
        CT_TRY(auto kind, take_text(in, kTextLength));
        auto& claims = out.claims[kind];
        CT_TRY(auto count, in.array(kClaims));
        for (std::size_t j = 0; j < count; ++j) {
            CT_CHECK(enter_array(in, 2));
            CT_TRY(auto name, take_text(in, kTextLength));
            CT_TRY(auto value, take_text(in, kTextLength));
            CT_CHECK(in.leave());
            claims[std::move(name)] = std::move(value);
        }
        CT_CHECK(in.leave());
        CT_CHECK(in.leave());
    }
    return in.leave();
}

}  // namespace

Bytes encode(const Decision& decision) {
    cbor::Writer out;
    out.array(kItems).boolean(decision.granted());
    out.array(decision.findings.size());
    for (const auto& finding : decision.findings)
        put_finding(out, finding);
    out.text(decision.workload).text(decision.node).text(decision.kinds);
    out.uint(decision.policy_epoch).bytes(decision.policy_hash);
    out.bytes(decision.collateral_hash).array(decision.collateral.size());
    for (const auto& name : decision.collateral)
        out.text(name);
    put_time(out, decision.at);
    put_time(out, decision.expires);
    put_terms(out, decision);
    out.array(decision.claims.size());
    for (const auto& [kind, claims] : decision.claims) {
        out.array(2).text(kind).array(claims.size());
        for (const auto& [name, value] : claims)
            out.array(2).text(name).text(value);
    }
    return out.take();
}

Result<Decision> decode_decision(ByteView bytes) {
    cbor::Reader in(bytes);
    Decision out;
    CT_CHECK(enter_array(in, kItems));
    CT_TRY(auto granted, in.boolean());
    CT_TRY(auto findings, in.array(kFindings));
    for (std::size_t i = 0; i < findings; ++i) {
        CT_TRY(auto finding, take_finding(in));
        out.findings.push_back(std::move(finding));
    }
    CT_CHECK(in.leave());
    if (granted != out.granted())
        return fail(Reason::malformed, "a decision is granted exactly when nothing was found");
    CT_TRY(out.workload, take_text(in, limits::kNameLength));
    CT_TRY(out.node, take_text(in, limits::kNameLength));
    CT_TRY(out.kinds, take_text(in, kTextLength));
    CT_TRY(out.policy_epoch, in.uint());
    CT_TRY(out.policy_hash, in.byte_array<32>());
    CT_TRY(out.collateral_hash, in.byte_array<32>());
    CT_TRY(const auto names, in.array(kCollateral));
    for (std::size_t i = 0; i < names; ++i) {
        CT_TRY(auto name, take_text(in, limits::kNameLength));
        out.collateral.push_back(std::move(name));
    }
    CT_CHECK(in.leave());
    CT_TRY(out.at, take_time(in));
    CT_TRY(out.expires, take_time(in));
    CT_CHECK(take_terms(in, out));
    CT_CHECK(take_claims(in, out));
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

}  // namespace ct::judge
