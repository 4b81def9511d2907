// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/nitro/document_checks.h"

#include <algorithm>

#include "attest/evidence/nitro_bundle.h"
#include "codec/hex.h"

namespace ct::attest::nitro {
namespace {

constexpr unsigned kMeasuredAtLaunch = 3;  // PCRs 0, 1 and 2

std::string pcr_word(unsigned index) { return "PCR " + std::to_string(index); }

}  // namespace

void check_freshness(const Document& document, const Sha512& binding, Findings& findings) {
    if (!crypto::equal_constant_time(document.nonce.value_or(ByteView{}), binding))
        findings.push_back({Reason::evidence_nonce_mismatch, "the nonce is not this exchange's binding value"});
}

void check_purpose(const Document& document, Findings& findings) {
    const bool ours = document.user_data && std::ranges::equal(*document.user_data, as_bytes(kPurpose));
    if (!ours || document.public_key)
        findings.push_back({Reason::evidence_wrong_type,
                            "made for something else: its user data or public key are not "
                            "those of a release"});
}

void check_form(const Document& document, const NitroPolicy& policy, Findings& findings) {
    if (document.form != policy.form)
        findings.push_back({Reason::evidence_configuration_mismatch,
                            "PCRs of form " + std::string(to_string(document.form)) + ", the policy's are of form " +
                                std::string(to_string(policy.form))});
}

void check_debug(const Document& document, Findings& findings) {
    for (unsigned i = 0; i < kMeasuredAtLaunch; ++i) {
        if (!document.has_pcr(i)) {
            findings.push_back({Reason::evidence_measurement_missing, pcr_word(i)});
        } else if (std::ranges::all_of(document.pcrs[i], [](std::uint8_t byte) { return byte == 0; })) {
            findings.push_back({Reason::evidence_debug, pcr_word(i) + " is zero, as in an enclave in debug mode"});
            return;
        }
    }
}

WallTime check_pcrs(const Document& document, const NitroPolicy& policy, WallTime at, Findings& findings) {
    WallTime until = WallTime::max();
    for (const auto& [index, allowed] : policy.pcrs) {
        if (!document.has_pcr(index)) {
            if (index >= kMeasuredAtLaunch)  // else said by check_debug()
                findings.push_back({Reason::evidence_measurement_missing, pcr_word(index)});
            continue;
        }
        const WallTime good = allowed_until(allowed, document.pcrs[index], at);
        if (good < at)
            findings.push_back(
                {Reason::evidence_measurement_mismatch,
                 pcr_word(index) + " is " + hex_encode(document.pcrs[index]) + ", which the policy does not allow"});
        else
            until = std::min(until, good);
    }
    return until;
}

}  // namespace ct::attest::nitro
