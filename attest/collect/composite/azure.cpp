// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <thread>
#include <utility>

#include "attest/collect/composite/collectors.h"
#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/hcl_runtime.h"
#include "attest/evidence/snp_report.h"
#include "attest/evidence/tdx_quote.h"
#include "base/fd.h"
#include "base/limits.h"
#include "codec/hex.h"
#include "crypto/x509.h"

namespace ct::attest {
namespace {

using azure::Hardware;

constexpr std::uint32_t kAttestationKey = 0x81000003;
constexpr std::size_t kMostPem = 64 << 10;
constexpr int kAttempts = 6;  // three seconds and a little in all

class AzureCollector final : public Collector {
public:
    AzureCollector(std::string_view kind, Hardware hardware, AzureSources sources)
        : kind_(kind), hardware_(hardware), sources_(std::move(sources)) {}

    [[nodiscard]] std::string_view kind() const override { return kind_; }

    Result<Bytes> introduction() override {
        CT_CHECK(read_report());  // on another machine than Azure's the TPM has nothing to say for this kind
        CT_TRY(const Bytes tpm, sources_.tpm->introduction());
        return encode(Parts{tpm, {}});
    }

    Result<Bytes> collect(ByteView request, const Sha512& binding) override {
        const auto asked = decode_parts(request, limits::kEvidence);
        const auto hardware = asked ? azure::decode_request(asked->hardware) : std::unexpected(asked.error());
        if (!hardware) return fail(Reason::invalid_argument, "the gate's request: " + hardware.error().context);
        CT_TRY(const Bytes report, hardware->user_data ? report_over(binding) : read_report());
        CT_TRY(const auto chain, certificates());
        CT_TRY(const Bytes quote, td_quote(report));
        const azure::Evidence of_hardware{report, {chain.begin(), chain.end()}, quote};
        CT_TRY(const Bytes tpm, sources_.tpm->collect(asked->tpm, binding));
        return encode(Parts{tpm, encode(of_hardware)});
    }

    Result<std::map<std::string, std::string>> fingerprints() override {
        CT_TRY(const Bytes report, read_report());
        CT_TRY(auto out, sources_.tpm->fingerprints());
        if (hardware_ == Hardware::snp) {
            CT_TRY(const auto hcl, azure::parse_hcl_report(report));
            const auto parsed = snp::parse_report(hcl.report);
            if (!parsed) return fail(Reason::evidence_device_failed, parsed.error().context);
            out.emplace("measurement", hex_encode(parsed->measurement));
            out.emplace("chip_id", hex_encode(parsed->chip_id));
        } else {
            CT_TRY(const Bytes bytes, td_quote(report));
            const auto quote = tdx::parse_quote(bytes);
            if (!quote) return fail(Reason::evidence_device_failed, sources_.quote + ": " + quote.error().context);
            out.emplace("mrtd", hex_encode(quote->td.mr_td));
        }
        return out;
    }

    void release() override { sources_.tpm->release(); }

private:
    // A TPM without a resource manager serves one connection at a time: the quote's is given up before.
    Result<Bytes> read_report() {
        sources_.tpm->release();
        CT_TRY(Bytes bytes, sources_.paravisor->report());
        const auto report = azure::parse_hcl_report(bytes);
        if (!report) return fail(Reason::evidence_device_failed, report.error().context);
        if (report->hardware != hardware_)
            return fail(Reason::evidence_device_absent, "the report of this machine's paravisor is of other hardware");
        return bytes;
    }

    // One that includes the binding value, which the paravisor makes in its own time.
    Result<Bytes> report_over(const Sha512& binding) {
        sources_.tpm->release();
        CT_CHECK(sources_.paravisor->include(binding));
        auto pause = sources_.first_pause;
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            if (attempt > 0) std::this_thread::sleep_for(std::exchange(pause, pause * 2));
            CT_TRY(Bytes bytes, read_report());
            CT_TRY(const auto hcl, azure::parse_hcl_report(bytes));
            const auto runtime = azure::parse_runtime(hcl.runtime);
            if (runtime && std::ranges::equal(runtime->user_data, binding)) return bytes;
        }
        return fail(Reason::evidence_device_failed, "the paravisor makes no report over what was written for it");
    }

    [[nodiscard]] Result<std::vector<Bytes>> certificates() const {
        std::vector<Bytes> out;
        if (sources_.certificates.empty()) return out;
        CT_TRY(const std::string text, read_file(sources_.certificates, kMostPem));
        const auto chain = crypto::Certificate::chain_from_pem(text, limits::kCertificateChain);
        if (!chain) return fail(Reason::config_invalid, sources_.certificates + ": " + chain.error().to_string());
        for (const auto& certificate : *chain) {
            CT_TRY(Bytes der, certificate.der());
            out.push_back(std::move(der));
        }
        return out;
    }

    // Of this very report: one of an earlier boot is of another machine, as far as the gate can see.
    [[nodiscard]] Result<Bytes> td_quote(ByteView report) const {
        if (hardware_ != Hardware::tdx) return Bytes{};
        const auto text = read_file(sources_.quote, limits::kTdxQuote);
        if (!text) return fail(Reason::evidence_device_absent, "no quote of this TD: " + text.error().to_string());
        Bytes bytes = to_vector(as_bytes(*text));
        const auto quote = tdx::parse_quote(bytes);
        if (!quote) return fail(Reason::evidence_device_failed, sources_.quote + ": " + quote.error().context);
        CT_TRY(const auto hcl, azure::parse_hcl_report(report));
        if (!std::ranges::equal(quote->td.report_data, azure::report_data_of(hcl)))
            return fail(Reason::evidence_device_failed,
                        sources_.quote + " is of another boot or machine: make it anew");
        return bytes;
    }

    std::string kind_;
    Hardware hardware_;
    AzureSources sources_;
};

}  // namespace

Tpm2Settings azure_tpm(Tpm2Settings settings) {
    settings.ak_handle = kAttestationKey;
    settings.offer_ek = false;
    return settings;
}

std::unique_ptr<Collector> make_azure_collector(std::string_view kind, Hardware hardware, AzureSources sources) {
    return std::make_unique<AzureCollector>(kind, hardware, std::move(sources));
}

}  // namespace ct::attest
