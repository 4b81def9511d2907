// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/hcl_runtime.h"

#include "base/limits.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"

namespace ct::attest::azure {
namespace {

using json::Type;
using json::Value;

constexpr json::Limits kLimits{.size = limits::kHclReport, .depth = 8, .values = 256};
constexpr std::string_view kAttestationKey = "HCLAkPub";
constexpr std::size_t kMostModulus = 512, kMostExponent = 4, kMostVmId = 64, kUserData = 64;

std::unexpected<Error> malformed(std::string_view what) {
    return fail(Reason::evidence_malformed, "HCL runtime data: " + std::string(what));
}

std::string_view text(Value object, std::string_view key) {
    const auto found = object.find(key, Type::string);
    return found ? found->text() : std::string_view{};
}

std::optional<bool> flag(Value object, std::string_view key) {
    const auto found = object.find(key, Type::boolean);
    return found ? found->boolean() : std::nullopt;
}

Status read_key(Value jwk, Runtime& out) {
    if (text(jwk, "kty") != "RSA") return malformed("the attestation key is not an RSA key");
    auto modulus = base64url_decode(text(jwk, "n"), kMostModulus);
    const auto exponent = base64url_decode(text(jwk, "e"), kMostExponent);
    if (!modulus || modulus->empty() || !exponent || exponent->empty())
        return malformed("numbers of the attestation key");
    out.ak_modulus = std::move(*modulus);
    for (const std::uint8_t byte : *exponent)
        out.ak_exponent = out.ak_exponent << 8 | byte;
    return {};
}

// Exactly one key by the name of the attestation key.
Status read_keys(Value root, Runtime& out) {
    const auto keys = root.find("keys", Type::array);
    if (!keys) return malformed("no keys");
    bool found = false;
    for (auto key = keys->first(); key; key = key->next()) {
        if (text(*key, "kid") != kAttestationKey) continue;
        if (found) return malformed("two attestation keys");
        found = true;
        CT_CHECK(read_key(*key, out));
    }
    if (!found) return malformed("no attestation key");
    return {};
}

}  // namespace

Result<Runtime> parse_runtime(ByteView bytes) {
    CT_TRY(auto buffer, SecretBuffer::copy_of(bytes));
    const auto document = json::Document::parse(std::move(buffer), kLimits);
    if (!document) {
        const bool large = document.error().reason == Reason::too_large;
        return fail(large ? Reason::evidence_too_large : Reason::evidence_malformed,
                    "HCL runtime data: " + document.error().context);
    }
    const Value root = document->root();
    Runtime out;
    CT_CHECK(read_keys(root, out));
    if (const auto machine = root.find("vm-configuration", Type::object)) {
        out.vm_id = text(*machine, "vmUniqueId");
        if (out.vm_id.size() > kMostVmId) return malformed("vmUniqueId is too long");
        out.secure_boot = flag(*machine, "secure-boot");
        out.console = flag(*machine, "console-enabled");
    }
    if (const auto digits = text(root, "user-data"); !digits.empty()) {
        const auto data = hex_decode(digits, kUserData);
        if (!data || data->size() != kUserData) return malformed("user-data is not 64 bytes in hexadecimal");
        out.user_data = *data;
    }
    return out;
}

}  // namespace ct::attest::azure
