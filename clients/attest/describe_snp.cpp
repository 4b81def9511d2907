// SPDX-License-Identifier: Apache-2.0
// ATTESTATION_REPORT by the names of AMD 56860.
#include "attest/evidence/snp_certificates.h"
#include "attest/evidence/snp_report.h"
#include "clients/attest/formats.h"

namespace ct::attest_tool {
namespace {

namespace snp = attest::snp;

constexpr std::size_t kFirmware = 0x1e8, kMitigations = 0x1f8;

std::string number_hex(std::uint64_t value) {
    std::string out;
    do {
        out.insert(out.begin(), "0123456789abcdef"[value & 15]);
    } while ((value >>= 4) != 0);
    return "0x" + out;
}

Fields policy_of(const snp::Report& report) {
    using namespace snp::policy_bit;
    return {{"value", number_hex(report.policy)},        {"ABI_MINOR", report.policy & 0xff},
            {"ABI_MAJOR", report.policy >> 8 & 0xff},    {"SMT", report.has(kSmt)},
            {"MIGRATE_MA", report.has(kMigrateMa)},      {"DEBUG", report.has(kDebug)},
            {"SINGLE_SOCKET", report.has(kSingleSocket)}};
}

// Which component a byte is, the product tells; a report that does not name one has its bytes alone.
Fields tcb_of(ByteView version, std::optional<snp::Product> product) {
    Fields out{{"value", hex(version)}};
    if (!product) return out;
    const auto tcb = snp::decode_tcb(version, *product);
    if (*product == snp::Product::turin) out.push_back({"FMC", std::uint64_t{tcb.fmc}});
    out.push_back({"BOOT_LOADER", std::uint64_t{tcb.boot_loader}});
    out.push_back({"TEE", std::uint64_t{tcb.tee}});
    out.push_back({"SNP", std::uint64_t{tcb.snp}});
    out.push_back({"MICROCODE", std::uint64_t{tcb.microcode}});
    return out;
}

std::string firmware(ByteView build_minor_major) {
    return std::to_string(build_minor_major[2]) + "." + std::to_string(build_minor_major[1]) + " build " +
           std::to_string(build_minor_major[0]);
}

}  // namespace

Result<Fields> describe_snp_report(ByteView bytes) {
    CT_TRY(const auto report, snp::parse_report(bytes));
    const auto product = report.product();
    const std::uint64_t cpuid = report.cpuid.value_or(0);
    return Fields{{"VERSION", std::uint64_t{report.version}},
                  {"GUEST_SVN", std::uint64_t{report.guest_svn}},
                  {"POLICY", policy_of(report)},
                  {"FAMILY_ID", hex(report.family_id)},
                  {"IMAGE_ID", hex(report.image_id)},
                  {"VMPL", std::uint64_t{report.vmpl}},
                  {"SIGNATURE_ALGO", "1 (ECDSA P-384 with SHA-384)"},
                  {"CURRENT_TCB", tcb_of(report.current_tcb, product)},
                  {"PLATFORM_INFO", number_hex(report.platform_info)},
                  {"AUTHOR_KEY_EN", report.author_key},
                  {"MASK_CHIP_KEY", report.chip_key_masked},
                  {"SIGNING_KEY", std::uint64_t{report.signing_key}},
                  {"REPORT_DATA", hex(report.report_data)},
                  {"MEASUREMENT", hex(report.measurement)},
                  {"HOST_DATA", hex(report.host_data)},
                  {"ID_KEY_DIGEST", hex(report.id_key_digest)},
                  {"AUTHOR_KEY_DIGEST", hex(report.author_key_digest)},
                  {"REPORT_ID", hex(report.report_id)},
                  {"REPORT_ID_MA", hex(report.report_id_ma)},
                  {"REPORTED_TCB", tcb_of(report.reported_tcb, product)},
                  {"CPUID_FAM_ID", cpuid >> 16},
                  {"CPUID_MOD_ID", cpuid >> 8 & 0xff},
                  {"CPUID_STEP", cpuid & 0xff},
                  {"product", product ? std::string(snp::to_string(*product)) : std::string("not said")},
                  {"CHIP_ID", hex(report.chip_id)},
                  {"COMMITTED_TCB", tcb_of(report.committed_tcb, product)},
                  {"CURRENT firmware", firmware(bytes.subspan(kFirmware, 3))},
                  {"COMMITTED firmware", firmware(bytes.subspan(kFirmware + 4, 3))},
                  {"LAUNCH_TCB", tcb_of(report.launch_tcb, product)},
                  {"LAUNCH_MIT_VECTOR", hex(bytes.subspan(kMitigations, 8))},
                  {"CURRENT_MIT_VECTOR", hex(bytes.subspan(kMitigations + 8, 8))},
                  {"SIGNATURE R", hex(report.r)},
                  {"SIGNATURE S", hex(report.s)}};
}

Result<Fields> describe_snp_extended_report(ByteView bytes) {
    CT_TRY(auto out, describe_snp_report(bytes.first(snp::kReportSize)));
    CT_TRY(const auto table, snp::parse_certificates(bytes.subspan(snp::kReportSize)));
    Fields certificates;
    for (const auto& [name, certificate] : {std::pair<const char*, ByteView>{"VCEK", table.vcek},
                                            {"VLEK", table.vlek},
                                            {"ASK", table.ask},
                                            {"ARK", table.ark}}) {
        if (certificate.empty()) continue;
        auto fields = describe_certificate(certificate);
        certificates.push_back({name, fields ? std::move(*fields) : Fields{{"error", fields.error().to_string()}}});
    }
    out.push_back({"certificates", std::move(certificates)});
    return out;
}

}  // namespace ct::attest_tool
