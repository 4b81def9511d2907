// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/encoding.h"

#include <algorithm>

#include "codec/utf8.h"

namespace ct::judge {

std::string printable(std::string_view text) {
    std::string out(text);
    if (!printable_utf8(out)) std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
    if (out.size() > kTextLength) {
        std::size_t size = kTextLength;
        while (!valid_utf8(std::string_view(out).substr(0, size)))
            --size;  // to a character's edge
        out.resize(size);
    }
    return out;
}

void put_time(cbor::Writer& out, WallTime time) { out.integer(time.time_since_epoch().count()); }

Result<WallTime> take_time(cbor::Reader& in) {
    CT_TRY(auto count, in.integer());
    return WallTime(std::chrono::microseconds(count));
}

void put_finding(cbor::Writer& out, const attest::Finding& finding) {
    out.array(2).text(to_string(finding.reason)).text(finding.detail);
}

Result<attest::Finding> take_finding(cbor::Reader& in) {
    CT_CHECK(enter_array(in, 2));
    CT_TRY(auto word, take_text(in, kTextLength));
    CT_TRY(auto detail, take_text(in, kTextLength));
    CT_CHECK(in.leave());
    const auto reason = reason_from_string(word);
    if (!reason) return fail(Reason::malformed, "unknown reason \"" + word + "\": the record is of a newer version");
    return attest::Finding{*reason, std::move(detail)};
}

Result<std::string> take_text(cbor::Reader& in, std::size_t most) {
    CT_TRY(auto text, in.text(0, most));
    return std::string(text);
}

Status enter_array(cbor::Reader& in, std::size_t exactly) {
    CT_TRY(auto count, in.array(exactly));
    if (count != exactly) return fail(Reason::malformed, "expected " + std::to_string(exactly) + " items");
    return {};
}

}  // namespace ct::judge
