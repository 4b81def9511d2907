// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/hcl_report.h"

#include <algorithm>
#include <optional>

#include "attest/evidence/cursor.h"
#include "base/limits.h"

namespace ct::attest::azure {
namespace {

constexpr std::string_view kMagic = "HCLA";
constexpr std::uint32_t kMostVersion = 2, kReportRequest = 2;
constexpr std::size_t kHeaderRest = 16;       // status and reserved fields
constexpr std::uint32_t kRuntimeHeader = 20;  // counted in the size of the runtime data
constexpr std::uint32_t kRuntimeVersion = 1;

std::optional<crypto::Hash> hash_of(std::uint32_t type) {
    switch (type) {
        case 1:
            return crypto::Hash::sha256;
        case 2:
            return crypto::Hash::sha384;
        case 3:
            return crypto::Hash::sha512;
        default:
            return std::nullopt;
    }
}

}  // namespace

Result<HclReport> parse_hcl_report(ByteView bytes) {
    if (bytes.size() > limits::kHclReport) return fail(Reason::evidence_too_large, "HCL report");
    Cursor in(bytes);
    const ByteView magic = in.take(kMagic.size());
    const std::uint32_t version = in.le32();
    in.le32();  // size of all, as its maker counts it
    const std::uint32_t request = in.le32();
    in.take(kHeaderRest);
    const ByteView slot = in.take(kHclReportSize);
    const std::uint32_t size = in.le32();
    const std::uint32_t runtime_version = in.le32(), hardware = in.le32(), hash = in.le32();
    const std::uint32_t runtime_size = in.le32();
    HclReport out;
    out.runtime = in.take(runtime_size);
    if (!in.ok() || as_text(magic) != kMagic || out.runtime.empty() || size != kRuntimeHeader + runtime_size)
        return fail(Reason::evidence_malformed, "HCL report: not one of Azure's");
    const auto algorithm = hash_of(hash);
    if (version == 0 || version > kMostVersion || request != kReportRequest || runtime_version != kRuntimeVersion ||
        !algorithm)
        return fail(Reason::evidence_wrong_type, "HCL report: a version, request or hash that is not known");
    out.hash = *algorithm;
    if (hardware == static_cast<std::uint32_t>(Hardware::snp)) {
        out.report = slot;
    } else if (hardware == static_cast<std::uint32_t>(Hardware::tdx)) {
        out.hardware = Hardware::tdx;
        out.report = slot.first(kTdReportSize);
    } else {
        return fail(Reason::evidence_wrong_type, "HCL report: of neither SEV-SNP nor TDX");
    }
    return out;
}

Sha512 report_data_of(const HclReport& report) {
    Sha512 out{};
    std::ranges::copy(crypto::digest(report.hash, {report.runtime}), out.begin());
    return out;
}

}  // namespace ct::attest::azure
