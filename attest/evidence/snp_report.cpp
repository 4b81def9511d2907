// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_report.h"

#include <algorithm>

#include "attest/evidence/cursor.h"

namespace ct::attest::snp {
namespace {

constexpr std::uint32_t kFirstVersion = 2, kLastVersion = 5;
constexpr std::uint32_t kEcdsaP384Sha384 = 1;
constexpr std::size_t kScalar = 48, kScalarField = 72;  // R and S are padded with zeros

bool all_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

ByteView scalar(Cursor& in) {
    const ByteView value = in.take(kScalar);
    if (!all_zero(in.take(kScalarField - kScalar))) in.fail();
    return value;
}

}  // namespace

std::string_view to_string(Product product) {
    switch (product) {
        case Product::milan:
            return "Milan";
        case Product::genoa:
            return "Genoa";
        case Product::turin:
            return "Turin";
    }
    return "";
}

Tcb decode_tcb(ByteView tcb_version, Product product) {
    if (product == Product::turin)
        return {.fmc = tcb_version[0],
                .boot_loader = tcb_version[1],
                .tee = tcb_version[2],
                .snp = tcb_version[3],
                .microcode = tcb_version[7]};
    return {.fmc = 0,
            .boot_loader = tcb_version[0],
            .tee = tcb_version[1],
            .snp = tcb_version[6],
            .microcode = tcb_version[7]};
}

bool Report::chip_id_masked() const { return all_zero(chip_id); }

std::optional<Product> Report::product() const {
    if (!cpuid) return std::nullopt;
    const std::uint32_t family = *cpuid >> 16, model = *cpuid >> 8 & 0xff;
    if (family == 0x19 && model <= 0x0f) return Product::milan;
    if (family == 0x19 && (model <= 0x1f || (model >= 0xa0 && model <= 0xaf))) return Product::genoa;
    if (family == 0x1a && model <= 0x1f) return Product::turin;
    return std::nullopt;
}

Result<Report> parse_report(ByteView bytes) {
    if (bytes.size() > kReportSize) return fail(Reason::evidence_too_large, "SNP report");
    if (bytes.size() < kReportSize) return fail(Reason::evidence_malformed, "SNP report: 1184 bytes are needed");
    Cursor in(bytes);
    Report report;
    report.version = in.le32();
    if (report.version < kFirstVersion || report.version > kLastVersion)
        return fail(Reason::evidence_wrong_type, "SNP report of version " + std::to_string(report.version));
    report.guest_svn = in.le32();
    report.policy = in.le64();
    report.family_id = in.take(16);
    report.image_id = in.take(16);
    report.vmpl = in.le32();
    if (in.le32() != kEcdsaP384Sha384)
        return fail(Reason::evidence_wrong_type, "SNP report: not signed by ECDSA P-384 with SHA-384");
    report.current_tcb = in.take(8);
    // Real processors set bits of it that no document names yet.
    report.platform_info = in.le64();
    const std::uint32_t flags = in.le32();
    report.author_key = (flags & 1) != 0;
    report.chip_key_masked = (flags >> 1 & 1) != 0;
    report.signing_key = static_cast<std::uint8_t>(flags >> 2 & 7);
    in.take(4);
    report.report_data = in.take(64);
    report.measurement = in.take(48);
    report.host_data = in.take(32);
    report.id_key_digest = in.take(48);
    report.author_key_digest = in.take(48);
    report.report_id = in.take(32);
    report.report_id_ma = in.take(32);
    report.reported_tcb = in.take(8);
    const std::uint32_t family = in.u8(), model = in.u8(), stepping = in.u8();
    if (report.version >= 3) report.cpuid = family << 16 | model << 8 | stepping;
    in.take(21);
    report.chip_id = in.take(kChipIdSize);
    report.committed_tcb = in.take(8);
    in.take(8);  // firmware build numbers, current and committed
    report.launch_tcb = in.take(8);
    in.take(16 + 152);  // mitigation vectors (version 5), reserved
    report.signed_bytes = bytes.first(kSignedSize);
    report.r = scalar(in);
    report.s = scalar(in);
    if (!all_zero(in.take(368))) in.fail();  // not signed: nothing may hide there
    if (!in.finished())
        return fail(Reason::evidence_malformed, "SNP report: its signature field holds more than a signature");
    return report;
}

}  // namespace ct::attest::snp
