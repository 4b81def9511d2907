// SPDX-License-Identifier: Apache-2.0
// Kinds "azure-snp" and "azure-tdx", and their simulated twins: the paravisor's virtual TPM, whose attestation key stands in
// runtime data that the hardware's report has the hash of.
#pragma once

#include "attest/evidence/hcl_report.h"
#include "attest/verify/composite/verifier.h"

namespace ct::attest::composite {

class AzureVerifier final : public CompositeVerifier {
public:
    AzureVerifier(std::string_view kind, azure::Hardware sort, const Verifier& hardware)
        : CompositeVerifier(kind, hardware), sort_(sort) {}
    [[nodiscard]] Result<std::shared_ptr<const KindPolicy>> parse_policy(
        const config::Node& table, const Attachments& attachments = {}) const override;

private:
    [[nodiscard]] Result<Bytes> request_report(ByteView introduction, const CompositePolicy& policy) const override;
    void judge_report(const Half& half, Verdict& verdict) const override;
    azure::Hardware sort_;
};

}  // namespace ct::attest::composite
