// SPDX-License-Identifier: Apache-2.0
// Kinds "nitro" and "simulated-nitro": a document of AWS Nitro over the binding. docs/evidence-nitro.md.
#pragma once

#include "attest/verify/verifier.h"

namespace ct::attest::nitro {

class NitroVerifier final : public Verifier {
public:
    // A simulated one trusts the roots of the policy and nobody else; the real one trusts AWS and nobody else.
    enum class Device : std::uint8_t { real, simulated };
    explicit NitroVerifier(Device device) : device_(device) {}

    [[nodiscard]] std::string_view kind() const override;
    [[nodiscard]] Result<std::shared_ptr<const KindPolicy>> parse_policy(
        const config::Node& table, const Attachments& attachments = {}) const override;
    [[nodiscard]] Status check_key(std::string_view word) const override;
    [[nodiscard]] Result<EvidenceRequest> request(ByteView introduction, const KindPolicy& policy,
                                                  const ByteArray<32>& entropy, WallTime at,
                                                  EnrolledKeys enrolled = {}) const override;
    [[nodiscard]] Verdict verify(const Subject& subject, const KindPolicy& policy) const override;

private:
    Device device_;
};

}  // namespace ct::attest::nitro
