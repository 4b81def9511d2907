// SPDX-License-Identifier: Apache-2.0
// ATTESTATION_REPORT of AMD SEV-SNP, versions 2 to 5. SEV Secure Nested Paging Firmware ABI Specification (AMD 56860),
// section "ATTESTATION_REPORT". All numbers are little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::snp {

inline constexpr std::string_view kKind = "sev-snp";
inline constexpr std::string_view kSimulatedKind = "simulated-sev-snp";
inline constexpr std::size_t kReportSize = 1184;
inline constexpr std::size_t kSignedSize = 672;  // what the signature is over
inline constexpr std::size_t kChipIdSize = 64;
inline constexpr std::size_t kTurinChipIdSize = 8;  // the rest is zero

// Families of processors that have a root key, a layout of TCB_VERSION and a name at AMD's key server of their own. Bergamo and
// Siena count as Genoa.
enum class Product : std::uint8_t { milan, genoa, turin };
std::string_view to_string(Product product);  // as in AMD's certificates: "Milan"

// Security patch levels; compared component by component, never as one number.
struct Tcb {
    std::uint8_t fmc = 0;  // Turin only
    std::uint8_t boot_loader = 0, tee = 0, snp = 0, microcode = 0;
    bool operator==(const Tcb&) const = default;
    [[nodiscard]] bool at_least(const Tcb& floor) const {
        return fmc >= floor.fmc && boot_loader >= floor.boot_loader && tee >= floor.tee && snp >= floor.snp &&
               microcode >= floor.microcode;
    }
};
// TCB_VERSION: the same eight bytes mean other things on Turin, and no signature tells.
Tcb decode_tcb(ByteView tcb_version, Product product);

enum class SigningKey : std::uint8_t { vcek = 0, vlek = 1, none = 7 };

// POLICY, section "Guest Policy".
namespace policy_bit {
inline constexpr std::uint64_t kSmt = 1ULL << 16, kReservedOne = 1ULL << 17, kMigrateMa = 1ULL << 18,
                               kDebug = 1ULL << 19, kSingleSocket = 1ULL << 20;
}

// All views point into the parsed bytes.
struct Report {
    std::uint32_t version = 0;
    std::uint32_t guest_svn = 0;
    std::uint64_t policy = 0;  // policy_bit
    ByteView family_id, image_id;
    std::uint32_t vmpl = 0;  // 0xffffffff: asked for by the host
    std::uint64_t platform_info = 0;
    bool author_key = false;                                        // AUTHOR_KEY_DIGEST is meaningful
    bool chip_key_masked = false;                                   // the firmware would sign with no chip-unique key
    std::uint8_t signing_key = 0;                                   // SigningKey, or a number that we do not know
    ByteView report_data;                                           // 64: what the guest had signed
    ByteView measurement;                                           // 48: launch digest
    ByteView host_data;                                             // 32
    ByteView id_key_digest;                                         // 48
    ByteView author_key_digest;                                     // 48
    ByteView report_id;                                             // 32
    ByteView report_id_ma;                                          // 32; all ones without a migration agent
    ByteView current_tcb, reported_tcb, committed_tcb, launch_tcb;  // TCB_VERSION, 8 each
    std::optional<std::uint32_t> cpuid;  // family << 16 | model << 8 | stepping; from version 3 on
    ByteView chip_id;                    // 64; zero when masked or signed by a VLEK
    ByteView r, s;                       // of the signature, 48 bytes little-endian each
    ByteView signed_bytes;

    [[nodiscard]] bool has(std::uint64_t policy_mask) const { return (policy & policy_mask) == policy_mask; }
    [[nodiscard]] bool chip_id_masked() const;
    // By CPUID; nullopt for a processor that we do not know, and for version 2, which does not say.
    [[nodiscard]] std::optional<Product> product() const;
};

// Exactly one report. evidence_too_large, evidence_malformed, or evidence_wrong_type: a version or a signature algorithm that
// we do not know.
Result<Report> parse_report(ByteView bytes);

}  // namespace ct::attest::snp
