// SPDX-License-Identifier: Apache-2.0
// Kind "tpm2": a quote of a TPM 2.0 over the binding, signed by a key that the policy trusts. docs/evidence-tpm2.md.
#pragma once

#include "attest/verify/verifier.h"

namespace ct::attest::tpm {

class Tpm2Verifier final : public Verifier {
public:
    [[nodiscard]] std::string_view kind() const override;
    [[nodiscard]] Result<std::shared_ptr<const KindPolicy>> parse_policy(
        const config::Node& table, const Attachments& attachments = {}) const override;
    [[nodiscard]] Status check_key(std::string_view word) const override;
    [[nodiscard]] Result<EvidenceRequest> request(ByteView introduction, const KindPolicy& policy,
                                                  const ByteArray<32>& entropy, WallTime at,
                                                  EnrolledKeys enrolled = {}) const override;
    [[nodiscard]] Verdict verify(const Subject& subject, const KindPolicy& policy) const override;
};

// EvidenceRequest::kept of a request that asks the endorsement key for nothing: of a quote that nobody asked for.
Bytes kept_without_credential(ByteView introduction);

}  // namespace ct::attest::tpm
