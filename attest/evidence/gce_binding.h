// SPDX-License-Identifier: Apache-2.0
// What a guest on Google Compute Engine has its processor sign, so that report, virtual TPM and session are one.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace ct::attest::gce {

inline constexpr std::string_view kSnpKind = "gce-snp", kSimulatedSnpKind = "simulated-gce-snp";

// SHA-512("cloudtaser/gce-snp/v1" 0x00 | R | Name of the attestation key): REPORT_DATA. The first two have their size, so the
// last needs none.
Sha512 report_data(const Sha512& binding, ByteView ak_name);

}  // namespace ct::attest::gce
