// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm2/quote_checks.h"

#include <algorithm>

#include "attest/evidence/event_log.h"
#include "attest/evidence/pcr.h"
#include "attest/evidence/tpm_algorithms.h"
#include "codec/hex.h"

namespace ct::attest::tpm {
namespace {

std::string pcr_word(const Tpm2Policy& policy, unsigned index) {
    return "PCR " + std::to_string(index) + " (" + std::string(bank_name(policy.selection.bank)) + ")";
}

std::string mask_words(std::uint32_t mask) {
    std::string words;
    for (unsigned i = 0; i < 32; ++i) {
        if ((mask >> i & 1) != 0) words.append(words.empty() ? "" : ",").append(std::to_string(i));
    }
    return words.empty() ? "none" : words;
}

Status verify_signature(const Signature& signature, const crypto::PublicKey& key, crypto::Hash hash, ByteView attest) {
    if (signature.scheme == alg::kEcdsa) {
        CT_TRY(const Bytes der, crypto::ecdsa_to_der(signature.r, signature.s));
        return key.verify(crypto::SignatureScheme::ecdsa_der, hash, attest, der);
    }
    const auto scheme =
        signature.scheme == alg::kRsaPss ? crypto::SignatureScheme::rsa_pss : crypto::SignatureScheme::rsa_pkcs1;
    return key.verify(scheme, hash, attest, signature.rsa);
}

}  // namespace

void check_signature(const Signature& signature, const Public& ak, ByteView attest, Findings& findings) {
    const auto hash = hash_of(signature.hash);
    if (!hash || *hash == crypto::Hash::sha1) {
        findings.push_back({Reason::evidence_algorithm_weak, "the quote is signed over a hash that is not accepted"});
        return;  // there is nothing left to verify it with
    }
    // A restricted key has one scheme; a signature by another was not made by it as it is described.
    if (ak.scheme != signature.scheme || ak.scheme_hash != signature.hash) {
        findings.push_back({Reason::evidence_signature_invalid, "the signature's scheme is not the key's"});
    }
    const auto key = key_of(ak);
    if (!key) {
        findings.push_back({key.error().reason, key.error().context});
        return;
    }
    if (const Status status = verify_signature(signature, *key, *hash, attest); !status) {
        findings.push_back({Reason::evidence_signature_invalid, "the attestation key did not sign this quote"});
    }
}

void check_freshness(const Quote& quote, const Sha512& binding, Findings& findings) {
    const ByteView expected = ByteView(binding).first(32);
    if (!crypto::equal_constant_time(quote.extra_data, expected)) {
        findings.push_back({Reason::evidence_nonce_mismatch, "the quote is not over this session"});
    }
}

void check_pcrs(const Quote& quote, crypto::Hash scheme_hash, const Evidence& evidence, const Tpm2Policy& policy,
                Findings& findings) {
    const PcrSelection& wanted = policy.selection;
    for (const PcrSelection& selection : quote.selections()) {
        if (selection.bank == alg::kSha1) {
            findings.push_back({Reason::evidence_algorithm_weak, "the quote is over the SHA-1 bank"});
        }
    }
    const bool one_bank = quote.selections().size() == 1 && quote.selections()[0].bank == wanted.bank;
    if (!one_bank) {
        findings.push_back({Reason::evidence_measurement_missing,
                            "the quote is not over the bank " + std::string(bank_name(wanted.bank)) + " alone"});
    } else if (quote.selections()[0].mask != wanted.mask) {
        findings.push_back(
            {Reason::evidence_measurement_missing,
             "quoted are PCRs " + mask_words(quote.selections()[0].mask) + ", asked were " + mask_words(wanted.mask)});
    }
    if (evidence.pcr_mask != wanted.mask) {
        findings.push_back({Reason::evidence_measurement_missing, "reported are PCRs " + mask_words(evidence.pcr_mask) +
                                                                      ", asked were " + mask_words(wanted.mask)});
    }
    const Bytes composite = composite_digest(scheme_hash, evidence.pcr_mask, evidence.pcr_values);
    if (!std::ranges::equal(composite, quote.pcr_digest)) {
        findings.push_back(
            {Reason::evidence_measurement_digest, "the reported PCR values are not those that were signed"});
    }
    for (const auto& [index, allowed] : policy.pcrs) {
        if ((evidence.pcr_mask >> index & 1) == 0) continue;  // said above
        const ByteView value = evidence.pcr_values[index];
        const bool is_allowed =
            std::ranges::any_of(allowed, [&](const Bytes& one) { return std::ranges::equal(one, value); });
        if (!is_allowed) {
            findings.push_back(
                {Reason::evidence_measurement_mismatch,
                 pcr_word(policy, index) + " is " + hex_encode(value) + ", which the policy does not allow"});
        }
    }
}

void check_event_log(const Evidence& evidence, const Tpm2Policy& policy, Findings& findings) {
    if (!policy.require_event_log) return;
    if (evidence.event_log.empty()) {
        findings.push_back({Reason::evidence_event_log_missing, "the policy requires the firmware's event log"});
        return;
    }
    const auto replayed = replay(evidence.event_log, policy.bank);
    if (!replayed) {
        findings.push_back({replayed.error().reason, replayed.error().context});
        return;
    }
    for (unsigned i = 0; i < kPcrs; ++i) {
        const bool checked = (policy.event_log_mask & evidence.pcr_mask) >> i & 1;
        if (checked && !std::ranges::equal(replayed->value(i), evidence.pcr_values[i])) {
            findings.push_back({Reason::evidence_event_log_mismatch,
                                "the event log leads to another value of " + pcr_word(policy, i)});
        }
    }
}

void check_state(const Quote& quote, const Tpm2Policy& policy, Findings& findings) {
    if (!quote.clock_safe && !policy.allow_unsafe_clock) {
        findings.push_back(
            {Reason::evidence_clock_unsafe, "the TPM lost power without a shutdown and may repeat its clock"});
    }
    if (policy.counters &&
        (policy.counters->reset != quote.reset_count || policy.counters->restart != quote.restart_count)) {
        findings.push_back({Reason::evidence_reset_changed,
                            "reset and restart counts are " + std::to_string(quote.reset_count) + " and " +
                                std::to_string(quote.restart_count) + ", not those of the policy"});
    }
}

}  // namespace ct::attest::tpm
