// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm2/quote_verdict.h"

#include <algorithm>

#include "attest/evidence/tpm_algorithms.h"
#include "attest/verify/memo.h"
#include "attest/verify/tpm2/quote_checks.h"
#include "attest/verify/tpm2/trust.h"
#include "codec/hex.h"

namespace ct::attest::tpm {

Status check_key_attributes(const Public& ak) {
    if (is_attestation_key(ak)) return {};
    return fail(Reason::evidence_key_attributes,
                "the attestation key may sign other things, or may exist outside its TPM");
}

void name_key(const std::string& name, const Public& key, const Tpm2Policy& policy, Memo* memo, Verdict& verdict) {
    const Sha256 whole = fingerprint_of(key);
    verdict.claims.emplace(name, "sha256:" + hex_encode(whole));
    const auto spki = remember<Sha256>(memo, "bare key", {whole}, [&]() -> Result<Sha256> {
        CT_TRY(const auto bare, key_of(key));
        return bare.spki_sha256();
    });
    if (!spki) return;  // whoever needs the key finds out
    verdict.claims.emplace(name + "_key", "sha256:" + hex_encode(**spki));
    if (std::ranges::find(policy.deny_keys, **spki) != policy.deny_keys.end())
        verdict.findings.push_back({Reason::evidence_platform_denied, "the policy shuts out the key " + name});
}

void judge_key(const Public& ak, const Tpm2Policy& policy, Memo* memo, Verdict& verdict) {
    name_key("ak", ak, policy, memo, verdict);
    if (const Status fit = check_key_attributes(ak); !fit)
        verdict.findings.push_back({fit.error().reason, fit.error().context});
}

void judge_quote(const Public* ak, const Evidence& evidence, const Sha512* binding, const Tpm2Policy& policy,
                 Verdict& verdict) {
    const auto find = [&](const Error& error) { verdict.findings.push_back({error.reason, error.context}); };
    const auto claim = [&](const std::string& name, std::string value) {
        verdict.claims.emplace(name, std::move(value));
    };
    const auto signature = parse_signature(evidence.signature);
    if (!signature) find(signature.error());
    const auto quote = parse_quote(evidence.attest);
    if (!quote) find(quote.error());
    if (ak != nullptr && signature) check_signature(*signature, *ak, evidence.attest, verdict.findings);
    for (const auto& [index, allowed] : policy.pcrs) {
        if ((evidence.pcr_mask >> index & 1) != 0)
            claim("pcr" + std::to_string(index), hex_encode(evidence.pcr_values[index]));
    }
    claim("bank", std::string(bank_name(policy.selection.bank)));
    if (quote) {
        if (binding != nullptr) check_freshness(*quote, *binding, verdict.findings);
        // The composite is over the hash of the signing scheme. Without one that is known, the signature has failed.
        const auto scheme_hash = signature ? hash_of(signature->hash) : std::nullopt;
        check_pcrs(*quote, scheme_hash.value_or(crypto::Hash::sha256), evidence, policy, verdict.findings);
        claim("reset_count", std::to_string(quote->reset_count));
        claim("restart_count", std::to_string(quote->restart_count));
        claim("clock", std::to_string(quote->clock));
        claim("clock_safe", quote->clock_safe ? "true" : "false");
        ByteArray<8> firmware;
        for (std::size_t i = 0; i < 8; ++i)
            firmware[i] = static_cast<std::uint8_t>(quote->firmware_version >> (56 - 8 * i));
        claim("firmware_version", hex_encode(firmware));
    }
    check_event_log(evidence, policy, verdict.findings);
    if (quote) check_state(*quote, policy, verdict.findings);
}

}  // namespace ct::attest::tpm
