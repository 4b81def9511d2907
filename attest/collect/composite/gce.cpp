// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/composite/collectors.h"
#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/gce_binding.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_public.h"
#include "base/limits.h"

namespace ct::attest {
namespace {

constexpr std::uint32_t kTemplate = 0x01c10001, kCertificate = 0x01c10000;

class GceCollector final : public Collector {
public:
    GceCollector(std::string_view kind, std::unique_ptr<Collector> tpm, std::unique_ptr<Collector> snp)
        : kind_(kind), tpm_(std::move(tpm)), snp_(std::move(snp)) {}

    [[nodiscard]] std::string_view kind() const override { return kind_; }

    Result<Bytes> introduction() override {
        CT_TRY(const Bytes snp, snp_->introduction());
        CT_TRY(const Bytes tpm, tpm_->introduction());
        return encode(Parts{tpm, snp});
    }

    Result<Bytes> collect(ByteView request, const Sha512& binding) override {
        const auto asked = decode_parts(request, limits::kEvidence);
        if (!asked) return fail(Reason::invalid_argument, "the gate's request: " + asked.error().context);
        CT_TRY(const Bytes introduction, tpm_->introduction());
        CT_TRY(const auto keys, tpm::decode_introduction(introduction));
        CT_TRY(const auto ak, tpm::parse_public(keys.ak_public));
        CT_TRY(const Bytes name, tpm::name_of(ak));
        CT_TRY(const Bytes snp, snp_->collect(asked->hardware, gce::report_data(binding, name)));
        CT_TRY(const Bytes tpm, tpm_->collect(asked->tpm, binding));
        return encode(Parts{tpm, snp});
    }

    Result<std::map<std::string, std::string>> fingerprints() override {
        CT_TRY(auto out, tpm_->fingerprints());
        CT_TRY(auto more, snp_->fingerprints());
        out.merge(more);
        return out;
    }

    void release() override {
        tpm_->release();
        snp_->release();
    }

private:
    std::string kind_;
    std::unique_ptr<Collector> tpm_, snp_;
};

}  // namespace

Tpm2Settings gce_tpm(Tpm2Settings settings) {
    settings.ak_template_nv = kTemplate;
    settings.ak_certificate_nv = kCertificate;
    settings.offer_ek = false;
    return settings;
}

std::unique_ptr<Collector> make_gce_collector(std::string_view kind, std::unique_ptr<Collector> tpm,
                                              std::unique_ptr<Collector> snp) {
    return std::make_unique<GceCollector>(kind, std::move(tpm), std::move(snp));
}

}  // namespace ct::attest
