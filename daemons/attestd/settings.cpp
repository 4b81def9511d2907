// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/settings.h"

namespace ct::attestd {
namespace {

using attest::TpmKeyType;
using config::Node;

constexpr std::int64_t kPersistentFirst = 0x81000000, kPersistentLast = 0x81ffffff;
constexpr std::int64_t kNvFirst = 0x01000000, kNvLast = 0x01ffffff;

Status read_text(const Node& table, std::string_view key, std::string& into) {
    const auto node = table.get(key);
    if (!node) return {};
    CT_TRY(into, node->as_string());
    return {};
}

Status read_path(const Node& table, std::string_view key, std::string& into) {
    CT_CHECK(read_text(table, key, into));
    const auto node = table.get(key);
    if (node && !into.empty() && !into.starts_with('/')) return node->error("write an absolute path");
    return {};
}

Status read_flag(const Node& table, std::string_view key, bool& into) {
    const auto node = table.get(key);
    if (!node) return {};
    CT_TRY(into, node->as_bool());
    return {};
}

// A handle or index of the TPM in [first, last]; 0 means none.
Status read_handle(const Node& table, std::string_view key, std::int64_t first, std::int64_t last,
                   std::uint32_t& into) {
    const auto node = table.get(key);
    if (!node) return {};
    CT_TRY(const std::int64_t value, node->as_integer(0, last));
    if (value != 0 && value < first) return node->error("this is outside the TPM's range for it; write 0 for none");
    into = static_cast<std::uint32_t>(value);
    return {};
}

Status read_type(const Node& table, TpmKeyType& into) {
    const auto node = table.get("type");
    if (!node) return {};
    CT_TRY(const std::string word, node->as_string());
    if (word != "ecc" && word != "rsa") return node->error("write \"ecc\" or \"rsa\"");
    into = word == "ecc" ? TpmKeyType::ecc : TpmKeyType::rsa;
    return {};
}

Status read_ak(const Node& table, attest::Tpm2Settings& into) {
    const auto ak = table.get("ak");
    if (!ak) return {};
    CT_CHECK(ak->only({"type", "handle", "certificates", "certificate_nv"}));
    CT_CHECK(read_type(*ak, into.ak_type));
    CT_CHECK(read_handle(*ak, "handle", kPersistentFirst, kPersistentLast, into.ak_handle));
    CT_CHECK(read_path(*ak, "certificates", into.ak_certificates));
    return read_handle(*ak, "certificate_nv", kNvFirst, kNvLast, into.ak_certificate_nv);
}

Status read_ek(const Node& table, attest::Tpm2Settings& into) {
    const auto ek = table.get("ek");
    if (!ek) return {};
    CT_CHECK(ek->only({"offer", "type", "handle", "certificates"}));
    CT_CHECK(read_flag(*ek, "offer", into.offer_ek));
    CT_CHECK(read_type(*ek, into.ek_type));
    CT_CHECK(read_handle(*ek, "handle", kPersistentFirst, kPersistentLast, into.ek_handle));
    return read_path(*ek, "certificates", into.ek_certificates);
}

}  // namespace

Result<Settings> parse_settings(const Node& root) {
    CT_CHECK(root.only({"tpm2", "audit", "log"}));
    Settings out;
    const auto table = root.get("tpm2");
    if (!table) return out;
    CT_CHECK(table->only({"enabled", "tcti", "event_log", "idle_release", "ak", "ek"}));
    bool enabled = true;
    CT_CHECK(read_flag(*table, "enabled", enabled));
    CT_CHECK(read_text(*table, "tcti", out.tpm2->tcti));
    if (out.tpm2->tcti.empty())
        return table->get("tcti")->error("write how the TPM is reached, such as \"device:/dev/tpmrm0\"");
    CT_CHECK(read_path(*table, "event_log", out.tpm2->event_log));
    CT_CHECK(read_ak(*table, *out.tpm2));
    CT_CHECK(read_ek(*table, *out.tpm2));
    if (const auto node = table->get("idle_release")) {
        CT_TRY(out.idle_release, node->as_duration());
    }
    if (!enabled) out.tpm2.reset();
    return out;
}

}  // namespace ct::attestd
