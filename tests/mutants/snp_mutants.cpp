// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_report.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "file_verdict.h"
#include "mutants.h"
#include "support/simulated_snp.h"
#include "support/vectors.h"

namespace ct::test {
namespace {

using attest_tool::Expected;

constexpr std::size_t kPadding = 0x330;  // of the signature field, up to the end

struct Subject {
    std::string name;
    FileVerdict verdict;
};

Subject real() {
    Subject out{"sev-snp milan-v3-oak", {}};
    out.verdict.file = read_vector("snp/milan-v3-oak.report.bin");
    out.verdict.beside.certificates = {read_vector("snp/milan-v3-oak.vcek.der")};
    out.verdict.makers.items["amd/crl/Milan"] = read_vector("snp/crl-milan.der");
    out.verdict.at = parse_timestamp("2025-10-15").value();
    const auto report = attest::snp::parse_report(out.verdict.file).value();
    out.verdict.expected = {Expected::What::report_data, to_vector(report.report_data)};
    out.verdict.judge_by("sev-snp", "[sev-snp]\nmeasurement = '" + hex_encode(report.measurement) + "'\n");
    return out;
}

Subject generated() {
    const WallTime at{Seconds(1'790'000'000)};
    const SimulatedSnp chip({.at = at});
    Subject out{"simulated-sev-snp", {}};
    auto fields = chip.fields();
    fields.report_data.fill(0x5d);
    out.verdict.file = chip.sign(fields);
    out.verdict.beside.certificates = {chip.signing_key_certificate(), chip.intermediate_certificate()};
    out.verdict.makers.items["amd/crl/Milan"] =
        chip.revocation_list({}, at - std::chrono::days(1), at + std::chrono::days(1));
    out.verdict.at = at;
    out.verdict.expected = {Expected::What::report_data, Bytes(64, 0x5d)};
    out.verdict.judge_by(
        "sev-snp", "[simulated-sev-snp]\nroots = 'maker.pem'\nmeasurement = '" + hex_encode(fields.measurement) + "'\n",
        chip.root_pem());
    return out;
}

TEST(Mutants, OfAnSnpReportItsCertificateAndItsRevocationList) {
    auto [name, verdict] = vectors_folder() ? real() : generated();
    ASSERT_TRUE(verdict.accepted()) << verdict.why();
    const auto accepted = [&v = verdict] { return v.accepted(); };
    const MutableBytes report(verdict.file);
    expect_no_mutant_accepted(name, "signed fields", report.first(attest::snp::kSignedSize), accepted);
    expect_no_mutant_accepted(name, "signature",
                              report.subspan(attest::snp::kSignedSize, kPadding - attest::snp::kSignedSize), accepted);
    expect_no_mutant_accepted(name, "certificate", verdict.beside.certificates[0], accepted);
    expect_no_mutant_accepted(name, "revocation list", verdict.makers.items.begin()->second, accepted);

    // Not signed, and not to be filled with anything.
    expect_no_mutant_accepted(name, "padding", report.subspan(kPadding), accepted);
    verdict.expected.bytes[0] ^= 1;
    ASSERT_FALSE(verdict.accepted());
    expect_no_mutant_accepted(name + " refused for its REPORT_DATA", "padding", report.subspan(kPadding), accepted);
}

}  // namespace
}  // namespace ct::test
