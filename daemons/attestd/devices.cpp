// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/devices.h"

#include <unistd.h>

#include "attest/collect/composite/collectors.h"
#include "attest/collect/nitro/collector.h"
#include "attest/collect/snp/collector.h"
#include "attest/collect/tdx/collector.h"

namespace ct::attestd {
namespace {

std::string file_of(const std::string& tcti) {
    constexpr std::string_view file = "device:";
    return tcti.starts_with(file) ? tcti.substr(file.size()) : std::string();
}

std::unique_ptr<attest::Collector> snp_collector(const Settings& settings) {
    using namespace attest;
    return make_snp_collector(
        {tsm::open_folder(settings.snp.reports), snp::open_device(settings.snp.device), settings.snp.vmpl});
}

std::unique_ptr<attest::tdx::QuoteService> service_at(const QuoteService& address) {
    return address ? attest::tdx::open_quote_service(*address) : nullptr;
}

std::unique_ptr<attest::Collector> tdx_collector(const Settings& settings) {
    using namespace attest;
    const auto& tdx = settings.tdx;
    return make_tdx_collector({.reports = tsm::open_folder(tdx.reports),
                               .device = tdx::open_device(tdx.device),
                               .service = service_at(tdx.quote_service)});
}

std::unique_ptr<attest::Collector> simulated_tdx_collector(const Settings& settings) {
    using namespace attest;
    const auto& [reports, device, service] = settings.simulated_tdx;
    return make_tdx_collector({.reports = reports.empty() ? nullptr : tsm::open_folder(reports),
                               .device = device.empty() ? nullptr : tdx::open_device(device),
                               .service = service_at(service),
                               .event_log = ""},
                              tdx::kSimulatedKind);
}

// Before all else: each proves both what the TPM and what the hardware alone could.
void add_composite(const Settings& settings, std::vector<Device>& out) {
    using namespace attest;
    const std::string& tcti = settings.tpm2.tcti;
    const auto add = [&](std::unique_ptr<Collector> collector) {
        out.push_back({.collector = std::move(collector), .file = file_of(tcti)});
    };
    const auto sources = [&] {
        return AzureSources{.tpm = make_tpm2_collector(azure_tpm(settings.tpm2)),
                            .paravisor = azure::open_paravisor(tcti),
                            .certificates = settings.azure_certificates,
                            .quote = settings.azure_quote};
    };
    if (settings.azure_snp) add(make_azure_collector(azure::kSnpKind, azure::Hardware::snp, sources()));
    if (settings.azure_tdx) add(make_azure_collector(azure::kTdxKind, azure::Hardware::tdx, sources()));
    if (settings.gce_snp)
        add(make_gce_collector(gce::kSnpKind, make_tpm2_collector(gce_tpm(settings.tpm2)), snp_collector(settings)));
}

// Each has a TPM of its own: what a cloud keeps there, a test has written.
void add_simulated_composite(const Settings& settings, std::vector<Device>& out) {
    using namespace attest;
    const auto add = [&](std::unique_ptr<Collector> collector) {
        out.push_back({.collector = std::move(collector), .simulated = true});
    };
    const auto of = [](const SimulatedTpm& tpm) {
        Tpm2Settings own;
        own.tcti = tpm.tcti;
        own.event_log = tpm.event_log;
        return own;
    };
    const auto sources = [&](const SimulatedTpm& tpm) {
        return AzureSources{.tpm = make_tpm2_collector(azure_tpm(of(tpm))),
                            .paravisor = azure::open_paravisor(tpm.tcti),
                            .certificates = settings.simulated_azure_snp.certificates,
                            .quote = settings.simulated_azure_tdx.quote};
    };
    if (const auto& tpm = settings.simulated_azure_snp.tpm; !tpm.tcti.empty())
        add(make_azure_collector(azure::kSimulatedSnpKind, azure::Hardware::snp, sources(tpm)));
    if (const auto& tpm = settings.simulated_azure_tdx.tpm; !tpm.tcti.empty())
        add(make_azure_collector(azure::kSimulatedTdxKind, azure::Hardware::tdx, sources(tpm)));
    if (const auto& [tpm, reports] = settings.simulated_gce_snp; !tpm.tcti.empty())
        add(make_gce_collector(gce::kSimulatedSnpKind, make_tpm2_collector(gce_tpm(of(tpm))),
                               make_snp_collector({tsm::open_folder(reports), nullptr}, snp::kSimulatedKind)));
}

}  // namespace

bool Device::there() const { return file.empty() || ::access(file.c_str(), F_OK) == 0; }

std::vector<Device> devices_of(const Settings& settings) {
    using namespace attest;
    std::vector<Device> out;
    const auto add = [&](Use use, std::string file, std::unique_ptr<Collector> collector) {
        if (use != Use::no) out.push_back({std::move(collector), use == Use::yes, false, std::move(file)});
    };
    const auto simulated = [&](std::unique_ptr<Collector> collector) {
        out.push_back({.collector = std::move(collector), .simulated = true});
    };
    add_composite(settings, out);
    // Drivers make their device file also where their reports are asked for by way of the folder.
    add(settings.snp.use, settings.snp.device, snp_collector(settings));
    add(settings.tdx.use, settings.tdx.device, tdx_collector(settings));
    add(settings.nitro.use, settings.nitro.device, make_nitro_collector(nitro::nsm_at(settings.nitro.device)));
    add(settings.use_tpm2, file_of(settings.tpm2.tcti), make_tpm2_collector(settings.tpm2));
    if (!settings.simulated_snp.empty())
        simulated(make_snp_collector({tsm::open_folder(settings.simulated_snp), nullptr}, snp::kSimulatedKind));
    if (!settings.simulated_tdx.reports.empty() || !settings.simulated_tdx.device.empty())
        simulated(simulated_tdx_collector(settings));
    if (!settings.simulated_nitro.empty())
        simulated(make_nitro_collector(nitro::simulated_nsm_at(settings.simulated_nitro), nitro::kSimulatedKind));
    add_simulated_composite(settings, out);
    return out;
}

}  // namespace ct::attestd
