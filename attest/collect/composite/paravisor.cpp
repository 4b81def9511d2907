// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/composite/paravisor.h"

#include "attest/collect/tpm2/nv.h"
#include "base/limits.h"

namespace ct::attest::azure {
namespace {

constexpr std::uint32_t kReport = 0x01400001, kUserData = 0x01400002;

class TpmParavisor final : public Paravisor {
public:
    explicit TpmParavisor(std::string tcti) : tcti_(std::move(tcti)) {}

    Result<Bytes> report() override {
        CT_TRY(Bytes bytes, tss::read_nv(tcti_, kReport, limits::kHclReport));
        if (bytes.empty())
            return fail(Reason::evidence_device_absent, "the TPM is not that of a confidential machine of Azure's");
        return bytes;
    }
    Status include(const ByteArray<64>& data) override { return tss::write_nv(tcti_, kUserData, data); }

private:
    std::string tcti_;
};

}  // namespace

std::unique_ptr<Paravisor> open_paravisor(std::string tcti) { return std::make_unique<TpmParavisor>(std::move(tcti)); }

}  // namespace ct::attest::azure
