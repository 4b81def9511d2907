// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "attest/collect/tpm2/settings.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_algorithms.h"
#include "clients/attest/pcr_file.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "crypto/digest.h"
#include "file_verdict.h"
#include "mutants.h"
#include "support/swtpm.h"
#include "support/vectors.h"

namespace ct::test {
namespace {

using attest_tool::Expected;
namespace tpm = attest::tpm;

struct Subject {
    std::string name;
    FileVerdict verdict;
};

// The values of a PCR file, with the key that is trusted.
std::string policy(const FileVerdict& verdict, ByteView tpmt_public) {
    const auto pcrs = attest_tool::parse_pcr_file(verdict.beside.pcrs).value();
    std::string out = "[tpm2]\nak = ['sha256:" + hex_encode(crypto::sha256(tpmt_public)) + "']\npcrs = {";
    for (unsigned i = 0; i < tpm::kPcrs; ++i)
        if ((pcrs.mask >> i & 1) != 0)
            out += (out.back() == '{' ? " '" : ", '") + std::to_string(i) + "' = '" + hex_encode(pcrs.values[i]) + "'";
    return out + " }\n";
}

Subject real() {
    Subject out{"tpm2 ibm-swtpm", {}};
    out.verdict.file = read_vector("tpm/ibm-swtpm.quote.msg.bin");
    out.verdict.beside.signature = read_vector("tpm/ibm-swtpm.quote.sig-tpmt.bin");
    out.verdict.beside.ak = read_vector("tpm/ibm-swtpm.ak.tpm2b-public.bin");
    out.verdict.beside.pcrs = read_vector("tpm/ibm-swtpm.pcrs-tools.bin");
    out.verdict.expected = {Expected::What::nonce, hex_decode("db1db298db6d60e6385b7231743e9c3056a18003", 64).value()};
    out.verdict.at = parse_timestamp("2025-06-15").value();
    out.verdict.judge_by("tpm2", policy(out.verdict, ByteView(out.verdict.beside.ak).subspan(2)));
    return out;
}

std::optional<Subject> generated() {
    std::signal(SIGPIPE, SIG_IGN);
    ::setenv("TSS2_LOG", "all+none", 1);  // NOLINT(concurrency-mt-unsafe): one thread
    auto device = Swtpm::start();
    if (!device) return std::nullopt;
    EXPECT_TRUE((*device)->measure(0, "firmware"));
    EXPECT_TRUE((*device)->measure(7, "secure boot"));
    attest::Tpm2Settings settings;
    settings.tcti = (*device)->tcti();
    settings.event_log = (*device)->write_event_log();
    const auto collector = attest::make_tpm2_collector(settings);
    const Bytes said = collector->introduction().value();
    const Bytes request = tpm::encode(tpm::Request{{tpm::alg::kSha256, 0x81}, false, {}});
    const Bytes evidence = collector->collect(request, Sha512{}).value();
    const auto parts = tpm::decode_evidence(evidence).value();
    Subject out{"tpm2 swtpm", {}};
    out.verdict.file = to_vector(parts.attest);
    out.verdict.beside.signature = to_vector(parts.signature);
    out.verdict.beside.ak = to_vector(tpm::decode_introduction(said)->ak_public);
    const std::string values = "0 " + hex_encode(parts.pcr_values[0]) + "\n7 " + hex_encode(parts.pcr_values[7]) + "\n";
    out.verdict.beside.pcrs = to_vector(as_bytes(values));
    out.verdict.expected = {Expected::What::nonce, Bytes(32)};
    out.verdict.at = parse_timestamp("2026-06-15").value();
    out.verdict.judge_by("tpm2", policy(out.verdict, out.verdict.beside.ak));
    return out;
}

TEST(Mutants, OfATpmQuote) {
    auto subject = vectors_folder() ? std::optional(real()) : generated();
    if (!subject) GTEST_SKIP() << "feature: swtpm";
    auto& [name, verdict] = *subject;
    ASSERT_TRUE(verdict.accepted()) << verdict.why();
    const auto accepted = [&v = verdict] { return v.accepted(); };
    expect_no_mutant_accepted(name, "TPMS_ATTEST", verdict.file, accepted);
    expect_no_mutant_accepted(name, "TPMT_SIGNATURE", verdict.beside.signature, accepted);
    expect_no_mutant_accepted(name, "attestation key", verdict.beside.ak, accepted);

    // The values themselves are not signed, their digest is: none but the true ones are taken. The file's form may change.
    const Bytes pcrs = verdict.beside.pcrs;
    const auto true_values = attest_tool::parse_pcr_file(pcrs)->values;
    expect_no_mutant_accepted(name, "PCR values", verdict.beside.pcrs, [&] {
        const auto values = attest_tool::parse_pcr_file(verdict.beside.pcrs);
        return values && values->values != true_values && verdict.accepted();
    });
    verdict.expected.bytes[0] ^= 1;
    ASSERT_FALSE(verdict.accepted());
    expect_no_mutant_accepted(name + " refused for its nonce", "PCR values", verdict.beside.pcrs, accepted);
}

}  // namespace
}  // namespace ct::test
