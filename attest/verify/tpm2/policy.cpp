// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm2/policy.h"

#include <algorithm>
#include <charconv>

#include "attest/evidence/pcr.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/verify/attachments.h"
#include "codec/hex.h"

namespace ct::attest::tpm {
namespace {

using config::Node;

constexpr std::size_t kMostValues = 256;  // allowed values of one PCR; keys in one list
constexpr std::string_view kFingerprintPrefix = "sha256:";

Status read_bank(const Node& table, Tpm2Policy& policy) {
    const auto node = table.get("bank");
    std::string name = "sha256";
    if (node) {
        CT_TRY(name, node->as_string());
    }
    const auto algorithm = bank_from_name(name);
    if (!algorithm || *algorithm == alg::kSha1) {
        return (node ? *node : table).error("bank: write \"sha256\", \"sha384\" or \"sha512\"");
    }
    policy.bank = *hash_of(*algorithm);
    policy.selection.bank = *algorithm;
    return {};
}

Result<std::vector<Bytes>> read_pcr_values(const Node& node, std::size_t size) {
    std::vector<Node> values = node.elements();
    if (values.empty()) values.push_back(node);  // one value may stand without brackets
    if (values.size() > kMostValues)
        return node.error("more than " + std::to_string(kMostValues) + " values for one PCR");
    std::vector<Bytes> out;
    for (const Node& value : values) {
        CT_TRY(const std::string text, value.as_string());
        const auto bytes = hex_decode(text, size);
        if (!bytes || bytes->size() != size) {
            return value.error("a PCR value of this bank is " + std::to_string(2 * size) + " hexadecimal digits");
        }
        out.push_back(*bytes);
    }
    return out;
}

Status read_pcrs(const Node& table, Tpm2Policy& policy) {
    const auto node = table.get("pcrs");
    if (!node) return table.error(R"(pcrs is required: write pcrs = { "7" = "HEX" })");
    CT_TRY(const auto registers, node->as_table());
    if (registers.empty()) return node->error(R"(name at least one: pcrs = { "7" = "HEX" })");
    for (const auto& [key, value] : registers) {
        unsigned index = kPcrs;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        const bool canonical = error == std::errc{} && end == key.data() + key.size() && std::to_string(index) == key;
        if (!canonical || index >= kPcrs) return value.error("\"" + key + "\" is not a PCR: write \"0\" to \"23\"");
        CT_TRY(policy.pcrs[index], read_pcr_values(value, crypto::digest_size(policy.bank)));
        policy.selection.mask |= 1U << index;
    }
    return {};
}

Result<std::vector<Sha256>> read_fingerprints(const Node& table, std::string_view key) {
    std::vector<Sha256> out;
    const auto node = table.get(key);
    if (!node) return out;
    const auto values = node->elements();
    if (values.empty() || values.size() > kMostValues) {
        return node->error("write a list of 1 to " + std::to_string(kMostValues) + " fingerprints");
    }
    for (const Node& value : values) {
        CT_TRY(const std::string text, value.as_string());
        const auto digest = parse_fingerprint(text);
        if (!digest) return value.error(digest.error().context);
        out.push_back(*digest);
    }
    return out;
}

Status read_event_log(const Node& table, Tpm2Policy& policy) {
    if (const auto node = table.get("require_event_log")) {
        CT_TRY(policy.require_event_log, node->as_bool());
    }
    policy.event_log_mask = policy.selection.mask;
    const auto node = table.get("event_log_pcrs");
    if (!node) return {};
    if (!policy.require_event_log) return node->error("event_log_pcrs has no effect without require_event_log = true");
    policy.event_log_mask = 0;
    for (const Node& element : node->elements()) {
        CT_TRY(const std::int64_t index, element.as_integer(0, kPcrs - 1));
        if (!policy.pcrs.contains(static_cast<unsigned>(index))) return element.error("pcrs does not name this PCR");
        policy.event_log_mask |= 1U << index;
    }
    if (policy.event_log_mask == 0) return node->error("write a list of at least one PCR");
    return {};
}

Status read_state(const Node& table, Tpm2Policy& policy) {
    if (const auto node = table.get("allow_unsafe_clock")) {
        CT_TRY(policy.allow_unsafe_clock, node->as_bool());
    }
    const auto node = table.get("reset_counters");
    if (!node) return {};
    const auto values = node->elements();
    if (values.size() != 2) return node->error("write reset_counters = [RESET_COUNT, RESTART_COUNT]");
    CT_TRY(const std::int64_t reset, values[0].as_integer(0, UINT32_MAX));
    CT_TRY(const std::int64_t restart, values[1].as_integer(0, UINT32_MAX));
    policy.counters = Tpm2Policy::Counters{static_cast<std::uint32_t>(reset), static_cast<std::uint32_t>(restart)};
    return {};
}

// All that is not about who vouches for a key.
Status read_quote(const Node& table, Tpm2Policy& policy) {
    CT_CHECK(read_bank(table, policy));
    CT_CHECK(read_pcrs(table, policy));
    CT_CHECK(read_event_log(table, policy));
    CT_TRY(policy.deny_keys, read_fingerprints(table, "deny_keys"));
    return read_state(table, policy);
}

}  // namespace

Result<Sha256> parse_fingerprint(std::string_view text) {
    const auto digest = text.starts_with(kFingerprintPrefix)
                            ? hex_decode_array<32>(text.substr(kFingerprintPrefix.size()))
                            : fail(Reason::malformed);
    if (!digest)
        return fail(Reason::malformed,
                    "write \"sha256:\" and 64 hexadecimal digits: the SHA-256 of the key's TPMT_PUBLIC, "
                    "which is its Name without the first four digits");
    return *digest;
}

Result<std::shared_ptr<const Tpm2Policy>> parse_tpm2_policy(const Node& table, const Attachments& attachments) {
    CT_CHECK(table.only({"bank", "pcrs", "ak", "ak_roots", "ek", "ek_roots", "enrolled", "deny_keys",
                         "require_event_log", "event_log_pcrs", "reset_counters", "allow_unsafe_clock"}));
    auto policy = std::make_shared<Tpm2Policy>();
    CT_CHECK(read_quote(table, *policy));
    CT_TRY(policy->ak, read_fingerprints(table, "ak"));
    CT_TRY(policy->ek, read_fingerprints(table, "ek"));
    CT_TRY(policy->ak_roots, read_roots(table, "ak_roots", attachments));
    CT_TRY(policy->ek_roots, read_roots(table, "ek_roots", attachments));
    if (const auto node = table.get("enrolled")) {
        CT_TRY(policy->enrolled, node->as_bool());
    }
    if (policy->ak.empty() && policy->ek.empty() && policy->ak_roots.empty() && policy->ek_roots.empty() &&
        !policy->enrolled) {
        return table.error("no key is trusted: write at least one of ak, ak_roots, ek, ek_roots, enrolled = true");
    }
    return policy;
}

Result<std::shared_ptr<const Tpm2Policy>> parse_quote_policy(const Node& table) {
    CT_CHECK(table.only(
        {"bank", "pcrs", "deny_keys", "require_event_log", "event_log_pcrs", "reset_counters", "allow_unsafe_clock"}));
    auto policy = std::make_shared<Tpm2Policy>();
    CT_CHECK(read_quote(table, *policy));
    return policy;
}

}  // namespace ct::attest::tpm
