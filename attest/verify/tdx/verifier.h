// SPDX-License-Identifier: Apache-2.0
// Kinds "tdx" and "simulated-tdx": a quote of an Intel TDX trust domain over the binding. docs/evidence-tdx.md.
#pragma once

#include "attest/verify/verifier.h"

namespace ct::attest::tdx {

class TdxVerifier final : public Verifier {
public:
    // A simulated one trusts the roots of the policy and nobody else; the real one trusts Intel and nobody else.
    enum class Device : std::uint8_t { real, simulated };
    explicit TdxVerifier(Device device) : device_(device) {}

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

}  // namespace ct::attest::tdx
