// SPDX-License-Identifier: Apache-2.0
// What the paravisor of an Azure confidential machine (its host compatibility layer, HCL) says about the machine's virtual TPM:
// a report of the hardware, and the runtime data that the hardware was made to sign the hash of. TPM NV index 0x01400001;
// layout as in Microsoft's "Guest attestation for confidential virtual machines", section "Platform attestation report", and
// its public code. All numbers are little-endian.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace ct::attest::azure {

inline constexpr std::string_view kSnpKind = "azure-snp", kTdxKind = "azure-tdx";
inline constexpr std::string_view kSimulatedSnpKind = "simulated-azure-snp", kSimulatedTdxKind = "simulated-azure-tdx";
inline constexpr std::size_t kHclReportOffset = 32, kHclReportSize = 1184, kTdReportSize = 1024;

enum class Hardware : std::uint8_t { snp = 2, tdx = 4 };

// All views point into the parsed bytes.
struct HclReport {
    Hardware hardware = Hardware::snp;
    ByteView report;  // SNP: ATTESTATION_REPORT. TDX: a TDREPORT, which proves nothing beyond its own machine
    crypto::Hash hash = crypto::Hash::sha256;
    ByteView runtime;  // JSON, hcl_runtime.h
};

// The content of the index; what follows the runtime data is not looked at. evidence_too_large, evidence_malformed, or
// evidence_wrong_type: a version, a request, a hardware or a hash that is none of the above.
Result<HclReport> parse_hcl_report(ByteView bytes);

// What the hardware's REPORT_DATA must be: the hash of the runtime data, then zeros.
Sha512 report_data_of(const HclReport& report);

}  // namespace ct::attest::azure
