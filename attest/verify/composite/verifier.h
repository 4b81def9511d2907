// SPDX-License-Identifier: Apache-2.0
// Kinds that are a TPM and confidential hardware together: a quote over the binding, by a key that the hardware's own report
// speaks for. What they differ in is how it does so: azure.h, gce.h. docs/evidence-composite.md.
#pragma once

#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_public.h"
#include "attest/verify/composite/policy.h"
#include "attest/verify/verifier.h"

namespace ct::attest::composite {

enum class Device : std::uint8_t { real, simulated };

// The node's attestation key, as it says; nothing vouches for it yet.
struct Key {
    tpm::Introduction introduction;
    tpm::Public ak;
};

// The hardware's half of an exchange.
struct Half {
    const Subject& subject;  // of the whole
    const CompositePolicy& policy;
    const Key* key;  // nullptr: none that could be read
    ByteView introduction, evidence;
};

class CompositeVerifier : public Verifier {
public:
    // `hardware` judges the report; it outlives this.
    CompositeVerifier(std::string_view kind, const Verifier& hardware) : kind_(kind), hardware_(hardware) {}

    [[nodiscard]] std::string_view kind() const final { return kind_; }
    [[nodiscard]] Status check_key(std::string_view word) const final;
    [[nodiscard]] Result<EvidenceRequest> request(ByteView introduction, const KindPolicy& policy,
                                                  const ByteArray<32>& entropy, WallTime at,
                                                  EnrolledKeys enrolled = {}) const final;
    [[nodiscard]] Verdict verify(const Subject& subject, const KindPolicy& policy) const final;

protected:
    [[nodiscard]] const Verifier& hardware() const { return hardware_; }
    [[nodiscard]] virtual Result<Bytes> request_report(ByteView introduction, const CompositePolicy& policy) const = 0;
    // That the report is sound and speaks for the key.
    virtual void judge_report(const Half& half, Verdict& verdict) const = 0;
    // The hardware's own verdict on its evidence, into `verdict`. What it has as its binding value is `report_data`, which ties
    // it to the key: where that differs, evidence_binding_mismatch.
    void judge_hardware(const Half& half, ByteView evidence, const Sha512& report_data, Verdict& verdict) const;

private:
    std::string_view kind_;
    const Verifier& hardware_;
};

}  // namespace ct::attest::composite
