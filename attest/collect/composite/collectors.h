// SPDX-License-Identifier: Apache-2.0
// Collectors of kinds that are a TPM and confidential hardware together: each has the two halves from collectors of their own, or
// from what the cloud keeps in the TPM. Nothing is opened yet.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "attest/collect/collector.h"
#include "attest/collect/composite/paravisor.h"
#include "attest/collect/tpm2/settings.h"
#include "attest/evidence/gce_binding.h"
#include "attest/evidence/hcl_report.h"
#include "base/clock.h"

namespace ct::attest {

// The attestation key that an Azure machine's paravisor made (0x81000003), and that of a machine of Google's (template and
// certificate in NV indices 0x01c10001 and 0x01c10000): what kind "tpm2" would have to be told there.
Tpm2Settings azure_tpm(Tpm2Settings settings = {});
Tpm2Settings gce_tpm(Tpm2Settings settings = {});

struct AzureSources {
    std::unique_ptr<Collector> tpm;  // of azure_tpm()
    std::unique_ptr<azure::Paravisor> paravisor;
    // SNP: PEM file with the VCEK, leaf first, as Azure's metadata service gives it; without it the gate must have it.
    std::string certificates;
    // TDX: file with a quote of this machine, since its boot. Azure's metadata service makes one of the TDREPORT, and whoever
    // asks it needs the network, which this side has not.
    std::string quote;
    Millis first_pause{100};  // until the paravisor has made another report; pauses double
};
std::unique_ptr<Collector> make_azure_collector(std::string_view kind, azure::Hardware hardware, AzureSources sources);

// `tpm` of gce_tpm(), `snp` of kind "sev-snp".
std::unique_ptr<Collector> make_gce_collector(std::string_view kind, std::unique_ptr<Collector> tpm,
                                              std::unique_ptr<Collector> snp);

}  // namespace ct::attest
