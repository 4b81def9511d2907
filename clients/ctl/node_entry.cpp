// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/node_entry.h"

#include <algorithm>
#include <cctype>

#include "codec/cbor.h"
#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::ctl {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kGroup = 4;

std::string list(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words)
        out.append(out.empty() ? "\"" : ", \"").append(word).append("\"");
    return "[" + out + "]";
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
    std::ranges::sort(values);
    return values;
}

}  // namespace

std::string short_form(const Sha256& digest) {
    std::string out;
    for (std::size_t i = 0; i < kShortGroups * kGroup; ++i) {
        unsigned value = 0;
        for (std::size_t bit = 5 * i; bit < 5 * (i + 1); ++bit)
            value = value << 1 | (digest[bit / 8] >> (7 - bit % 8) & 1U);
        if (i > 0 && i % kGroup == 0) out += '-';
        out += kAlphabet[value];
    }
    return out;
}

std::string short_fingerprint(const NodeEntry& entry) {
    cbor::Writer out;
    out.array(4).text("cloudtaser/enrolment/v1").text(entry.name).array(entry.spki.size());
    for (const auto& key : sorted(entry.spki))
        out.bytes(key);
    out.array(entry.keys.size());
    for (const auto& [kind, words] : entry.keys) {
        out.array(2).text(kind).array(words.size());
        for (const auto& word : sorted(words))
            out.text(word);
    }
    return short_form(crypto::sha256(out.take()));
}

bool says(std::string_view words, std::string_view fingerprint) {
    const auto bare = [](std::string_view text) {
        std::string out;
        for (const char c : text)
            if (c != '-' && c != ' ') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return out;
    };
    return bare(words) == bare(fingerprint);
}

std::string to_toml(const NodeEntry& entry) {
    std::vector<std::string> pins;
    for (const auto& key : entry.spki)
        pins.push_back(hex_encode(key));
    std::string out = "[[node]]\nname = \"" + entry.name + "\"\nspki = " + list(pins) + "\n";
    for (const auto& [kind, words] : entry.keys)
        out.append("keys.").append(kind).append(" = ").append(list(words)).append("\n");
    if (entry.revoked) out += "revoked = true\n";
    return out;
}

Result<NodeEntry> read_entry(std::string_view text, const std::string& file, const judge::FindVerifier& find) {
    CT_TRY(const auto document, config::Document::parse(text, file));
    CT_CHECK(document.root().only({"node"}));
    judge::Enrolments nodes;
    CT_CHECK(nodes.add(document.root(), find));
    const auto entries = entries_of(nodes);
    if (entries.size() != 1)
        return document.root().error("expected exactly one [[node]], as `cloudtaserctl enrolment` writes");
    return entries.begin()->second;
}

std::map<std::string, NodeEntry> entries_of(const judge::Enrolments& nodes) {
    std::map<std::string, NodeEntry> out;
    for (const auto& [spki, node] : nodes.by_key()) {
        auto& entry = out[node.name];
        entry.name = node.name;
        entry.spki.push_back(spki);
        entry.keys = node.keys;
        entry.revoked = node.revoked;
    }
    return out;
}

}  // namespace ct::ctl
