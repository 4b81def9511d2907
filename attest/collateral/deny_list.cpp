// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/deny_list.h"

#include <algorithm>

#include "attest/collateral/bundle.h"
#include "codec/hex.h"
#include "codec/utf8.h"

namespace ct::attest {
namespace {

constexpr std::string_view kNode = "node", kPin = "sha256:", kBlanks = " \t\r";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(kBlanks);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

// Words of kinds and claims: [a-z0-9_-]+.
bool is_word(std::string_view text) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
    return !text.empty() && std::ranges::all_of(text, fits);
}

bool is_pin(std::string_view value) {
    return value.starts_with(kPin) && hex_decode_array<32>(value.substr(kPin.size())).has_value();
}

Status check_entry(std::string_view subject, std::string_view value) {
    if (subject == kNode) {
        if (!is_pin(value)) return fail(Reason::malformed, "write node=sha256: and the 64 digits of its pin");
        return {};
    }
    const auto dot = subject.find('.');
    if (dot == std::string_view::npos || !is_word(subject.substr(0, dot)) || !is_word(subject.substr(dot + 1)))
        return fail(Reason::malformed, "write KIND.CLAIM=VALUE or node=sha256:HEX");
    if (value.empty() || !printable_utf8(value)) return fail(Reason::malformed, "no value, or no printable one");
    return {};
}

}  // namespace

Result<DenyList> DenyList::parse(ByteView text) {
    if (text.size() > kMostCollateralItem) return fail(Reason::too_large, "deny list");
    DenyList out;
    std::string_view rest = as_text(text);
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const std::string_view whole = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), whole.size() + 1));
        const auto refuse = [number](Reason reason, const std::string& why) {
            return fail(reason, "deny list, line " + std::to_string(number) + ": " + why);
        };
        if (whole.size() > kMostDenyLine) return refuse(Reason::too_large, "it is too long");
        const std::string_view line = trimmed(whole.substr(0, whole.find('#')));
        if (line.empty()) continue;
        const auto equals = std::min(line.find('='), line.size());
        const std::string_view subject = trimmed(line.substr(0, equals));
        const std::string_view value = trimmed(line.substr(std::min(equals + 1, line.size())));
        if (const auto status = check_entry(subject, value); !status)
            return refuse(status.error().reason, status.error().context);
        out.entries_[std::string(subject)].insert(compared(value));
    }
    return out;
}

std::string DenyList::compared(std::string_view value) {
    std::string out(value);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

std::optional<std::string> DenyList::find(std::string_view subject, std::string_view value) const {
    const auto at = entries_.find(subject);
    auto wanted = compared(value);
    if (at == entries_.end() || !at->second.contains(wanted)) return std::nullopt;
    return std::string(subject) + "=" + std::move(wanted);
}

std::optional<std::string> DenyList::denied(std::string_view kind,
                                            const std::map<std::string, std::string>& claims) const {
    for (const auto& [claim, value] : claims)
        if (auto entry = find(std::string(kind) + "." + claim, value)) return entry;
    return std::nullopt;
}

std::optional<std::string> DenyList::denied_node(const Sha256& spki) const {
    return find(kNode, std::string(kPin) + hex_encode(spki));
}

}  // namespace ct::attest
