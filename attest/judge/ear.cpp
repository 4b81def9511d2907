// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/ear.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "attest/judge/encoding.h"
#include "attest/verify/scope.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json_text.h"
#include "crypto/digest.h"

namespace ct::judge {
namespace {

constexpr std::string_view kProfile = "tag:github.com,2023:veraison/ear";
constexpr std::string_view kExchange = "exchange";  // the submodule of what is said of no kind
constexpr std::size_t kMostToken = 1UZ << 20;

// AR4SI, section "Specific Claims".
constexpr std::int8_t kContraindicated = 96, kUnrecognized = 97, kValidationFailed = 99;
// Of our own, in the ranges that it leaves to verifiers.
constexpr std::int8_t kNotVouchedFor = -33;  // warning: simulated, or of unknown age
constexpr std::int8_t kUnsupported = -97;    // contraindicated: what the maker must say of it is not at hand
constexpr std::int8_t kRefused = -98;        // contraindicated: not for what the evidence says

using enum TrustClaim;

// docs/ear.md shows this table.
constexpr std::pair<Reason, TrustValue> kValues[] = {
    {Reason::evidence_device_absent, {hardware, kUnrecognized}},
    {Reason::evidence_device_failed, {hardware, kUnrecognized}},
    {Reason::evidence_too_large, {hardware, kValidationFailed}},
    {Reason::evidence_malformed, {hardware, kValidationFailed}},
    {Reason::evidence_wrong_type, {hardware, kValidationFailed}},
    {Reason::evidence_kind_not_allowed, {hardware, kUnrecognized}},
    {Reason::evidence_algorithm_weak, {hardware, kValidationFailed}},
    {Reason::evidence_signature_invalid, {hardware, kValidationFailed}},
    {Reason::evidence_key_untrusted, {instance_identity, kUnrecognized}},
    {Reason::evidence_key_attributes, {instance_identity, kContraindicated}},
    {Reason::evidence_chain_invalid, {hardware, kUnrecognized}},
    {Reason::evidence_certificate_expired, {hardware, kContraindicated}},
    {Reason::evidence_nonce_mismatch, {instance_identity, kValidationFailed}},
    {Reason::evidence_replayed, {instance_identity, kValidationFailed}},
    {Reason::evidence_measurement_mismatch, {executables, kContraindicated}},
    {Reason::evidence_measurement_digest, {executables, kValidationFailed}},
    {Reason::evidence_measurement_missing, {executables, kContraindicated}},
    {Reason::evidence_event_log_mismatch, {executables, kValidationFailed}},
    {Reason::evidence_event_log_missing, {executables, kContraindicated}},
    {Reason::evidence_clock_unsafe, {configuration, kContraindicated}},
    {Reason::evidence_reset_changed, {instance_identity, kContraindicated}},
    {Reason::evidence_product_unknown, {hardware, kUnrecognized}},
    {Reason::evidence_platform_mismatch, {hardware, kContraindicated}},
    {Reason::evidence_binding_mismatch, {hardware, kValidationFailed}},
    {Reason::evidence_certificate_revoked, {hardware, kContraindicated}},
    {Reason::evidence_revocation_unknown, {hardware, kUnsupported}},
    {Reason::evidence_collateral_missing, {hardware, kUnsupported}},
    {Reason::evidence_collateral_invalid, {hardware, kUnsupported}},
    {Reason::evidence_collateral_expired, {hardware, kUnsupported}},
    {Reason::evidence_debug, {runtime_opaque, kContraindicated}},
    {Reason::evidence_migratable, {runtime_opaque, kContraindicated}},
    {Reason::evidence_privilege, {configuration, kContraindicated}},
    {Reason::evidence_configuration_mismatch, {configuration, kContraindicated}},
    {Reason::evidence_tcb_below_floor, {hardware, kContraindicated}},
    {Reason::evidence_tcb_status, {hardware, kContraindicated}},
    {Reason::evidence_platform_denied, {instance_identity, kContraindicated}},
    {Reason::evidence_simulated, {hardware, kUnrecognized}},
    {Reason::node_unknown, {instance_identity, kUnrecognized}},
    {Reason::node_revoked, {instance_identity, kContraindicated}},
    {Reason::tls_peer_pin_mismatch, {instance_identity, kContraindicated}},
    {Reason::tls_certificate_expired, {instance_identity, kContraindicated}},
    {Reason::challenge_unknown, {instance_identity, kValidationFailed}},
    {Reason::challenge_expired, {instance_identity, kValidationFailed}},
    {Reason::challenge_reused, {instance_identity, kValidationFailed}},
    {Reason::executable_not_allowed, {executables, kContraindicated}},
};

// What a kind vouches for when nothing was found against it. The measurements that a policy names are those of boot.
std::vector<TrustValue> affirmed(std::string_view kind) {
    const attest::Scope scope = attest::scope_of(kind);
    std::vector<TrustValue> out{
        {configuration, 2}, {executables, 3}, {hardware, scope.real ? std::int8_t{2} : kNotVouchedFor}};
    if (scope.real && scope.encrypted_memory) out.push_back({runtime_opaque, 2});
    if (scope.real && scope.instance) out.push_back({instance_identity, 2});
    return out;
}

// AR4SI, section "Assigning a Trustworthiness Claim value": the worse tier, then a standard value before one of our own.
bool worse(std::int8_t a, std::int8_t b) {
    if (tier_of(a) != tier_of(b)) return tier_of(a) > tier_of(b);
    if ((a < 0) != (b < 0)) return b < 0;
    return a < 0 ? a < b : a > b;
}

// ---- JSON: every map is in the order of its keys ----

using Members = std::map<std::string, std::string, std::less<>>;  // values are JSON already

std::string quoted(std::string_view text) { return json::quoted(printable(text)); }

std::string object(const Members& members) {
    std::string out = "{";
    for (const auto& [name, value] : members)
        out.append(out.size() == 1 ? "" : ",").append(quoted(name)).append(":").append(value);
    return out + '}';
}

std::string array(const std::vector<std::string>& values) {
    std::string out = "[";
    for (const auto& value : values)
        out.append(out.size() == 1 ? "" : ",").append(value);
    return out + ']';
}

std::string seconds(WallTime time) {
    return std::to_string(std::chrono::floor<Seconds>(time).time_since_epoch().count());
}

// ---- submodules ----

struct Submodule {
    std::map<TrustClaim, std::int8_t> vector;
    std::vector<std::string> reasons, details;

    void add(TrustValue value) {
        const auto [at, fresh] = vector.emplace(value.claim, value.value);
        if (!fresh && worse(value.value, at->second)) at->second = value.value;
    }
    void add(const attest::Finding& finding, std::size_t prefix) {
        add(trust_value(finding.reason));
        reasons.push_back(quoted(to_string(finding.reason)));
        details.push_back(quoted(std::string_view(finding.detail).substr(prefix)));
    }
    [[nodiscard]] Tier status() const {
        Tier out = Tier::none;
        for (const auto& [claim, value] : vector)
            out = std::max(out, tier_of(value));
        return out;
    }
};

// By kind, from what a decision has of it: findings begin with their kind's word (appraisal.cpp).
std::map<std::string, Submodule> submodules(const Decision& decision, const EarFacts& facts) {
    std::map<std::string, Submodule> out;
    std::string_view rest = decision.kinds;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('+'), rest.size());
        out.emplace(rest.substr(0, end), Submodule{});
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    for (const auto& finding : decision.findings) {
        const auto colon = finding.detail.find(": ");
        const auto at = colon == std::string::npos ? out.end() : out.find(finding.detail.substr(0, colon));
        if (at != out.end())
            at->second.add(finding, colon + 2);
        else
            out[std::string(kExchange)].add(finding, 0);
    }
    for (auto& [kind, submodule] : out) {
        if (submodule.reasons.empty())
            for (const auto value : affirmed(kind))
                submodule.add(value);
        if (!facts.fresh) submodule.add({instance_identity, kNotVouchedFor});
    }
    return out;
}

std::string text_of(const std::string& kind, const Submodule& submodule, const Decision& decision) {
    Members vector;
    for (const auto& [claim, value] : submodule.vector)
        vector.emplace(to_string(claim), std::to_string(value));
    Members out{
        {"ear.status", quoted(to_string(submodule.status()))},
        {"ear.trustworthiness-vector", object(vector)},
        {"ear.appraisal-policy-id", quoted("urn:cloudtaser:policy:sha256:" + hex_encode(decision.policy_hash))}};
    if (!submodule.reasons.empty()) {
        out.emplace("cloudtaser.reasons", array(submodule.reasons));
        out.emplace("cloudtaser.details", array(submodule.details));
    }
    if (const auto claims = decision.claims.find(kind); claims != decision.claims.end()) {
        Members said;
        for (const auto& [name, value] : claims->second)
            said.emplace(name, quoted(value));
        out.emplace("cloudtaser.claims", object(said));
    }
    return object(out);
}

}  // namespace

std::string_view to_string(TrustClaim claim) {
    constexpr std::array<std::string_view, 8> words{"configuration", "executables",       "file-system",
                                                    "hardware",      "instance-identity", "runtime-opaque",
                                                    "sourced-data",  "storage-opaque"};
    return words.at(static_cast<std::size_t>(claim));
}

Tier tier_of(std::int8_t value) {
    if (value >= -1 && value <= 1) return Tier::none;
    if (value >= kContraindicated || value < -96) return Tier::contraindicated;
    if (value >= 32 || value < -32) return Tier::warning;
    return Tier::affirming;
}

std::string_view to_string(Tier tier) {
    constexpr std::array<std::string_view, 4> words{"none", "affirming", "warning", "contraindicated"};
    return words.at(static_cast<std::size_t>(tier));
}

TrustValue trust_value(Reason reason) {
    const auto* at = std::ranges::find(kValues, reason, &std::pair<Reason, TrustValue>::first);
    return at == std::end(kValues) ? TrustValue{configuration, kRefused} : at->second;
}

Tier ear_status(const Decision& decision, const EarFacts& facts) {
    Tier out = Tier::none;
    for (const auto& [kind, submodule] : submodules(decision, facts))
        out = std::max(out, submodule.status());
    return out;
}

std::string ear_claims(const Decision& decision, const EarFacts& facts) {
    Members parts;
    for (const auto& [kind, submodule] : submodules(decision, facts))
        parts.emplace(kind, text_of(kind, submodule, decision));
    Members out{{"eat_profile", quoted(kProfile)},
                {"iat", seconds(decision.at)},
                {"ear.verifier-id",
                 object({{"build", quoted("cloudtaser " CT_VERSION)}, {"developer", quoted("https://cloudtaser.io")}})},
                {"submods", object(parts)}};
    // A verdict that rests on nothing with an end has none.
    if (decision.granted() && decision.expires != WallTime::max()) out.emplace("exp", seconds(decision.expires));
    // RFC 9711 section 4.1: 8 to 88 bytes of text.
    const std::string nonce = base64url_encode(facts.nonce);
    if (nonce.size() >= 8 && nonce.size() <= 88) out.emplace("eat_nonce", quoted(nonce));
    if (!facts.record.empty()) out.emplace("cloudtaser.record", quoted(facts.record));
    if (!facts.record_sha256.empty()) out.emplace("cloudtaser.record-hash", quoted("sha256:" + facts.record_sha256));
    if (!decision.workload.empty()) out.emplace("cloudtaser.workload", quoted(decision.workload));
    if (!decision.node.empty()) out.emplace("cloudtaser.node", quoted(decision.node));
    if (decision.policy_epoch != 0) out.emplace("cloudtaser.policy-epoch", std::to_string(decision.policy_epoch));
    if (!decision.collateral.empty())
        out.emplace("cloudtaser.collateral", quoted("sha256:" + hex_encode(decision.collateral_hash)));
    return object(out);
}

Result<std::string> sign_ear(std::string_view claims, const crypto::JwsKey& key) {
    CT_TRY(const auto public_key, key.public_key());
    CT_TRY(const auto spki, public_key.spki_sha256());
    const std::string header =
        object({{"alg", quoted(key.algorithm())}, {"kid", quoted(base64url_encode(spki))}, {"typ", quoted("JWT")}});
    const std::string said = base64url_encode(as_bytes(header)) + "." + base64url_encode(as_bytes(claims));
    CT_TRY(const auto signature, key.sign(as_bytes(said)));
    return said + "." + base64url_encode(signature);
}

Result<std::string> open_ear(std::string_view token, const crypto::PublicKey& key) {
    const auto first = token.find('.'), second = token.find('.', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) return fail(Reason::malformed, "not a JWT: it has no three parts");
    CT_TRY(const Bytes header, base64url_decode(token.substr(0, first), kMostToken));
    CT_TRY(const Bytes signature, base64url_decode(token.substr(second + 1), 64));
    crypto::JwsSignature bytes{};
    if (signature.size() != bytes.size()) return fail(Reason::malformed, "a signature of another size");
    std::ranges::copy(signature, bytes.begin());
    // Which algorithm it is, the key says; a header that says another was not made by sign_ear().
    std::string_view algorithm;
    for (const std::string_view word : {"ES256", "EdDSA"})
        if (as_text(header).starts_with("{\"alg\":\"" + std::string(word) + "\"")) algorithm = word;
    CT_CHECK(crypto::verify_jws(key, algorithm, as_bytes(token.substr(0, second)), bytes));
    CT_TRY(const Bytes claims, base64url_decode(token.substr(first + 1, second - first - 1), kMostToken));
    return std::string(as_text(claims));
}

}  // namespace ct::judge
