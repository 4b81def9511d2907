// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/record.h"

#include <algorithm>
#include <cstdio>

#include "attest/judge/case_encoding.h"
#include "attest/judge/encoding.h"
#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::judge {
namespace {

constexpr std::string_view kFormat = "cloudtaser/record/v2";
constexpr std::size_t kItems = 19;
constexpr std::size_t kCollateralItems = 256;

Result<Outcome> take_outcome(cbor::Reader& in) {
    Outcome out;
    CT_CHECK(enter_array(in, 2));
    CT_TRY(auto word, take_text(in, kTextLength));
    CT_TRY(out.accessor, take_text(in, kTextLength));
    CT_CHECK(in.leave());
    out.released = word == "released";
    if (out.released) return out;
    const auto reason = reason_from_string(word);
    if (!reason) return fail(Reason::malformed, "unknown outcome \"" + word + "\"");
    out.reason = *reason;
    return out;
}

}  // namespace

std::string record_id(const Case& facts) {
    const auto day = std::chrono::floor<std::chrono::days>(facts.at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(facts.at - day);
    ByteArray<64> text{};
    const int size =
        std::snprintf(reinterpret_cast<char*>(text.data()), text.size(),  // NOLINT: char may alias
                      "%04d%02u%02uT%02d%02d%02d.%06dZ-", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    const auto digest = crypto::sha256(facts.seed);
    return std::string(as_text(text).substr(0, static_cast<std::size_t>(size))) + hex_encode(ByteView(digest).first(8));
}

bool is_record_id(std::string_view text) {
    constexpr std::string_view form = "00000000T000000.000000Z-xxxxxxxxxxxxxxxx";
    return std::ranges::equal(text, form, [](char c, char like) {
        const bool digit = c >= '0' && c <= '9';
        if (like == '0') return digit;
        return like == 'x' ? digit || (c >= 'a' && c <= 'f') : c == like;
    });
}

Bytes encode(const Record& record) {
    cbor::Writer out;
    out.array(kItems).text(kFormat).text(record.id);
    put_case(out, record.facts);
    put_policy(out, record.policy);
    put_makers(out, record.makers);
    out.bytes(record.decision);
    out.array(2).text(record.outcome.released ? "released" : to_string(record.outcome.reason));
    out.text(record.outcome.accessor);
    return out.take();
}

Result<Record> decode_record(ByteView bytes) {
    if (bytes.size() > kRecordSize) return fail(Reason::too_large, "an audit record");
    cbor::Reader in(bytes);
    Record out;
    CT_CHECK(enter_array(in, kItems));
    CT_TRY(auto format, take_text(in, kTextLength));
    if (format != kFormat) return fail(Reason::malformed, "not an audit record of " + std::string(kFormat));
    CT_TRY(out.id, take_text(in, limits::kNameLength));
    CT_TRY(out.facts, take_case(in));
    CT_TRY(out.policy, take_policy(in));
    CT_TRY(out.makers, take_makers(in, kCollateralItems));
    CT_TRY(auto decision, in.bytes(1, kRecordSize));
    out.decision = to_vector(decision);
    CT_TRY(out.outcome, take_outcome(in));
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

std::optional<Makers> makers_of(const Policy& policy, const Decision& decision) {
    if (policy.makers() == nullptr || decision.collateral.empty()) return std::nullopt;
    Makers out{policy.makers()->hash, policy.makers()->made, policy.makers()->until, {}, policy.makers()->serial};
    for (const auto& name : decision.collateral)
        if (const auto item = policy.makers()->items.find(name); item != policy.makers()->items.end())
            out.items.insert(*item);
    return out;
}

Result<Replay> replay(const Record& record, const FindVerifier& find) {
    CT_TRY(auto recorded, decode_decision(record.decision));
    CT_TRY(auto policy, Policy::parse(record.policy, find));
    if (record.makers) CT_CHECK(policy.rest_on(std::make_shared<Makers>(*record.makers)));
    auto recomputed = appraise(policy, record.facts, find);
    const bool equal = encode(recomputed) == record.decision;
    return Replay{equal, std::move(recorded), std::move(recomputed)};
}

}  // namespace ct::judge
