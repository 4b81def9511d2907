// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/snp/collector.h"

#include "attest/collect/tsm/report.h"
#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/snp_certificates.h"
#include "base/limits.h"
#include "codec/hex.h"
#include "crypto/x509.h"

namespace ct::attest {
namespace {

constexpr std::string_view kProvider = "sev_guest";

bool absent(const Error& error) { return error.reason == Reason::evidence_device_absent; }

std::unexpected<Error> failed(const Error& error) { return fail(Reason::evidence_device_failed, error.context); }

// Hosts store certificates as they got them: in DER, or as text.
Result<Bytes> as_der(ByteView certificate) {
    if (!as_text(certificate).starts_with("-----BEGIN")) return to_vector(certificate);
    const auto read = crypto::Certificate::chain_from_pem(as_text(certificate), limits::kCertificateChain);
    if (!read || read->empty()) return fail(Reason::evidence_device_failed, "a certificate of the host is no PEM");
    return read->front().der();
}

// The signing key's first, then the authority that issued it; none where the host gives none. Roots are the gate's to know.
Result<std::vector<Bytes>> chain_of(ByteView table, ByteView report) {
    const auto certificates = snp::parse_certificates(table);
    if (!certificates) return failed(certificates.error());
    const auto parsed = snp::parse_report(report);
    if (!parsed) return failed(parsed.error());
    const bool vlek = parsed->signing_key == static_cast<std::uint8_t>(snp::SigningKey::vlek);
    std::vector<Bytes> out;
    for (const ByteView certificate : {vlek ? certificates->vlek : certificates->vcek, certificates->ask}) {
        if (certificate.empty()) break;
        CT_TRY(Bytes der, as_der(certificate));
        if (der.size() > limits::kCertificate)
            return fail(Reason::evidence_device_failed, "a certificate of the host is too large");
        out.push_back(std::move(der));
    }
    return out;
}

class SnpCollector final : public Collector {
public:
    SnpCollector(SnpSources sources, std::string_view kind) : sources_(std::move(sources)), kind_(kind) {}

    [[nodiscard]] std::string_view kind() const override { return kind_; }

    Result<Bytes> introduction() override {
        CT_TRY(const std::uint32_t floor, vmpl_floor());
        return snp::encode(snp::Introduction{floor});
    }

    Result<Bytes> collect(ByteView request, const Sha512& binding) override {
        const auto asked = snp::decode_request(request);
        if (!asked) return fail(Reason::invalid_argument, "the gate's request: " + asked.error().context);
        CT_TRY(const snp::SignedReport answer, report_over(binding, asked->vmpl));
        CT_TRY(const auto chain, chain_of(answer.certificates, answer.report));
        return snp::encode(snp::Evidence{answer.report, {chain.begin(), chain.end()}});
    }

    // Of a report over zeros, which is evidence for nobody.
    Result<std::map<std::string, std::string>> fingerprints() override {
        CT_TRY(const std::uint32_t floor, vmpl_floor());
        CT_TRY(const snp::SignedReport answer, report_over({}, floor));
        const auto report = snp::parse_report(answer.report);
        if (!report) return failed(report.error());
        return std::map<std::string, std::string>{{"measurement", hex_encode(report->measurement)},
                                                  {"host_data", hex_encode(report->host_data)},
                                                  {"id_key", hex_encode(report->id_key_digest)},
                                                  {"chip", hex_encode(report->chip_id)},
                                                  {"reported_tcb", hex_encode(report->reported_tcb)}};
    }

    void release() override {}  // nothing is held

private:
    // Also what tells whether this is such a guest at all. Only the kernel's folder knows the floor.
    Result<std::uint32_t> vmpl_floor() {
        const auto machine = tsm::probe(*sources_.reports);
        if (machine && machine->provider == kProvider) return std::max(machine->privilege_floor, sources_.vmpl);
        if (!machine && !absent(machine.error())) return std::unexpected(machine.error());
        if (sources_.device) {
            CT_CHECK(sources_.device->present());
            return sources_.vmpl;
        }
        if (!machine) return std::unexpected(machine.error());
        return fail(Reason::evidence_device_absent, "this machine's reports are by " + machine->provider);
    }

    Result<snp::SignedReport> report_over(const Sha512& data, std::uint32_t vmpl) {
        auto report = tsm::make_report(*sources_.reports,
                                       {.provider = kProvider, .data = data, .privilege = vmpl, .auxiliary = true});
        if (report) return snp::SignedReport{std::move(report->out), std::move(report->auxiliary)};
        if (!absent(report.error()) || !sources_.device) return std::unexpected(report.error());
        return ask_device(*sources_.device, data, vmpl);
    }

    SnpSources sources_;
    std::string kind_;
};

}  // namespace

std::unique_ptr<Collector> make_snp_collector(SnpSources sources, std::string_view kind) {
    return std::make_unique<SnpCollector>(std::move(sources), kind);
}

}  // namespace ct::attest
