// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/gce_binding.h"
#include "attest/verify/composite/azure.h"
#include "attest/verify/composite/gce.h"
#include "attest/verify/nitro/verifier.h"
#include "attest/verify/snp/verifier.h"
#include "attest/verify/tdx/verifier.h"
#include "attest/verify/tpm2/verifier.h"
#include "attest/verify/verifier.h"

namespace ct::attest {
namespace {

const tpm::Tpm2Verifier kTpm2;
const snp::SnpVerifier kSnp(snp::SnpVerifier::Device::real), kSimulatedSnp(snp::SnpVerifier::Device::simulated);
const nitro::NitroVerifier kNitro(nitro::NitroVerifier::Device::real),
    kSimulatedNitro(nitro::NitroVerifier::Device::simulated);
const tdx::TdxVerifier kTdx(tdx::TdxVerifier::Device::real), kSimulatedTdx(tdx::TdxVerifier::Device::simulated);

using azure::Hardware;
using composite::AzureVerifier, composite::GceVerifier, composite::Device;
const AzureVerifier kAzureSnp(azure::kSnpKind, Hardware::snp, kSnp),
    kSimulatedAzureSnp(azure::kSimulatedSnpKind, Hardware::snp, kSimulatedSnp),
    kAzureTdx(azure::kTdxKind, Hardware::tdx, kTdx),
    kSimulatedAzureTdx(azure::kSimulatedTdxKind, Hardware::tdx, kSimulatedTdx);
const GceVerifier kGceSnp(gce::kSnpKind, Device::real, kSnp),
    kSimulatedGceSnp(gce::kSimulatedSnpKind, Device::simulated, kSimulatedSnp);

// One line a technology.
constexpr const Verifier* kVerifiers[] = {&kTpm2,                           //
                                          &kSnp,      &kSimulatedSnp,       //
                                          &kNitro,    &kSimulatedNitro,     //
                                          &kTdx,      &kSimulatedTdx,       //
                                          &kAzureSnp, &kSimulatedAzureSnp,  //
                                          &kAzureTdx, &kSimulatedAzureTdx,  //
                                          &kGceSnp,   &kSimulatedGceSnp};

}  // namespace

const Verifier* find_verifier(std::string_view kind) {
    for (const Verifier* verifier : kVerifiers) {
        if (verifier->kind() == kind) return verifier;
    }
    return nullptr;
}

std::vector<std::string_view> known_kinds() {
    std::vector<std::string_view> kinds;
    for (const Verifier* verifier : kVerifiers)
        kinds.push_back(verifier->kind());
    return kinds;
}

}  // namespace ct::attest
