// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/allowed.h"

#include <algorithm>

#include "codec/hex.h"
#include "codec/timestamp.h"

namespace ct::attest {
namespace {

constexpr std::size_t kMostValues = 256;

Result<AllowedValue> parse_one(const config::Node& node, std::size_t size) {
    AllowedValue out;
    auto text = node;
    if (node.is_table()) {
        CT_CHECK(node.only({"value", "until"}));
        const auto value = node.get("value");
        if (!value) return node.error(R"(write { value = "HEX", until = "2027-01-31" })");
        text = *value;
        if (const auto until = node.get("until")) {
            CT_TRY(const std::string time, until->as_string());
            const auto parsed = parse_timestamp(time);
            if (!parsed) return until->error(parsed.error().context);
            out.until = *parsed;
        }
    }
    CT_TRY(const std::string digits, text.as_string());
    auto value = hex_decode(digits, size);
    if (!value || value->size() != size)
        return text.error("a value here is " + std::to_string(2 * size) + " hexadecimal digits");
    out.value = std::move(*value);
    return out;
}

}  // namespace

Result<AllowedValues> parse_allowed(const config::Node& node, std::size_t size) {
    auto elements = node.elements();
    if (elements.empty()) elements.push_back(node);  // one value may stand without brackets
    if (elements.size() > kMostValues) return node.error("more than " + std::to_string(kMostValues) + " values");
    AllowedValues out;
    for (const auto& element : elements) {
        CT_TRY(auto value, parse_one(element, size));
        out.push_back(std::move(value));
    }
    return out;
}

Result<AllowedValues> read_allowed(const config::Node& table, std::string_view key, std::size_t size) {
    const auto node = table.get(key);
    if (!node) return AllowedValues{};
    return parse_allowed(*node, size);
}

WallTime allowed_until(const AllowedValues& values, ByteView value, WallTime at) {
    WallTime until = WallTime::min();
    for (const auto& allowed : values)
        if (std::ranges::equal(allowed.value, value)) until = std::max(until, allowed.until);
    return until >= at ? until : WallTime::min();
}

}  // namespace ct::attest
