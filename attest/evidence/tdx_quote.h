// SPDX-License-Identifier: Apache-2.0
// Quote of an Intel TDX trust domain (TD), versions 4 and 5, as the TD quoting enclave (QE) signs it. Intel TDX DCAP Quoting
// Library API, Appendix A "Quote Format"; the report of the QE itself: Intel SDM volume 3D, section "REPORT". All numbers are
// little-endian; keys and signatures are big-endian.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tdx {

inline constexpr std::string_view kKind = "tdx";
inline constexpr std::string_view kSimulatedKind = "simulated-tdx";
inline constexpr std::size_t kRegisters = 4;  // RTMR0..3
inline constexpr std::size_t kMeasurementSize = 48;

// TDATTRIBUTES. Bits 0 to 7 turn protection off ("TD under debug"); all but the first are reserved.
namespace attribute {
inline constexpr std::uint64_t kDebug = 1ULL << 0, kReserved = 0xfeULL, kSeptVeDisable = 1ULL << 28,
                               kMigratable = 1ULL << 29;
}

// What the TDX module said of the TD. TD 1.5 adds what is below the line.
struct TdReport {
    ByteView tee_tcb_svn;      // 16: [0] ISVSVN of the module, [1] its major version, [2] SVN of its loader
    ByteView mr_seam;          // 48: the TDX module
    ByteView mr_signer_seam;   // 48: who signed it; zero: Intel
    ByteView seam_attributes;  // 8
    std::uint64_t attributes = 0;
    std::uint64_t xfam = 0;
    ByteView mr_td;  // 48: what the TD was launched with
    ByteView mr_config_id, mr_owner, mr_owner_config;
    std::array<ByteView, kRegisters> rtmr;
    ByteView report_data;  // 64: what the TD had signed

    ByteView tee_tcb_svn2;   // 16: the module that runs now; empty for TD 1.0
    ByteView mr_service_td;  // 48: service TDs that are bound to it; empty for TD 1.0

    [[nodiscard]] bool has(std::uint64_t mask) const { return (attributes & mask) == mask; }
};

// What the processor says of the quoting enclave.
struct EnclaveReport {
    ByteView cpu_svn;                // 16
    ByteView misc_select;            // 4
    ByteView attributes;             // 16
    ByteView mr_enclave, mr_signer;  // 32
    std::uint16_t isv_prod_id = 0, isv_svn = 0;
    ByteView report_data;  // 64
};

// All views point into the parsed bytes.
struct Quote {
    std::uint16_t version = 0;
    TdReport td;
    ByteView signed_bytes;     // header, descriptor (version 5) and TD report: what the attestation key signed
    ByteView signature;        // 64: r, s
    ByteView attestation_key;  // 64: x, y on P-256

    EnclaveReport qe;
    ByteView qe_report;            // 384: the same, as the PCK signed it
    ByteView qe_report_signature;  // 64: r, s
    ByteView qe_auth_data;
    std::string_view pck_chain;  // PEM: PCK certificate, its CA, root
};

// One quote. What follows its signature data is not signed: it is dropped and never looked at. evidence_too_large,
// evidence_malformed, or evidence_wrong_type: a version, TEE (SGX), key type or certification that is none of the above.
Result<Quote> parse_quote(ByteView bytes);

}  // namespace ct::attest::tdx
