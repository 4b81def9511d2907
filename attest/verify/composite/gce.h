// SPDX-License-Identifier: Apache-2.0
// Kinds "gce-snp" and "simulated-gce-snp": Google's virtual TPM, whose attestation key Google certifies, and an SNP report of the
// guest that names this key and the session.
#pragma once

#include "attest/verify/composite/verifier.h"

namespace ct::attest::composite {

class GceVerifier final : public CompositeVerifier {
public:
    // A simulated one trusts the roots of the policy and nobody else; the real one trusts Google and nobody else.
    GceVerifier(std::string_view kind, Device device, const Verifier& hardware)
        : CompositeVerifier(kind, hardware), device_(device) {}
    [[nodiscard]] Result<std::shared_ptr<const KindPolicy>> parse_policy(
        const config::Node& table, const Attachments& attachments = {}) const override;

private:
    [[nodiscard]] Result<Bytes> request_report(ByteView introduction, const CompositePolicy& policy) const override;
    void judge_report(const Half& half, Verdict& verdict) const override;
    Device device_;
};

}  // namespace ct::attest::composite
