// SPDX-License-Identifier: Apache-2.0
#include "clients/attest/evidence_file.h"
#include "codec/hex.h"
#include "support/simulated_nsm.h"
#include "support/snp_case.h"
#include "tool.h"
#include "unit/attest/verify/composite_rig.h"

namespace ct::attest_tool {
namespace {

using test::field;
using test::parsed;
using test::ran;
using test::vector_file;

json::Document shown(const std::string& path) {
    const auto result = ran({"show", "--json", path});
    EXPECT_EQ(result.code, 0) << path << "\n" << result.output;
    return parsed(result.output);
}

// Values of the README of the vectors.
TEST(ShowVectors, HaveTheFieldsOfTheirReadme) {
    CT_NEEDS_VECTORS();
    const struct {
        const char *file, *format;
        std::vector<std::pair<const char*, const char*>> fields;
    } rows[] = {
        {"snp/milan-v2-debug.report.bin",
         "sev-snp report",
         {{"VERSION", "2"},
          {"POLICY/value", "0xb0000"},
          {"POLICY/DEBUG", "true"},
          {"VMPL", "0"},
          {"PLATFORM_INFO", "0x1"},
          {"MEASUREMENT",
           "b07af9620f3b839b47996422ddec6058338951d984e312115131ea82705eaf5b6bdf8a9ece31a5a608eb0cf2e4872b01"},
          {"CURRENT_TCB/value", "0200000000000544"},
          {"product", "not said"}}},
        {"snp/milan-v2-azure.report.bin",
         "sev-snp report",
         {{"GUEST_SVN", "4"},
          {"POLICY/value", "0x3001f"},
          {"CURRENT_TCB/value", "03000000000008ce"},
          {"REPORTED_TCB/value", "0300000000000873"},
          {"ID_KEY_DIGEST",
           "0356215882a825279a85b300b0b742931d113bf7e32dde2e50ffde7ec743ca491ecdd7f336dc28a6e0b2bb57af7a44a3"}}},
        {"snp/milan-v3-vlek-aws.report.bin",
         "sev-snp report",
         {{"VMPL", "1"}, {"SIGNING_KEY", "1"}, {"PLATFORM_INFO", "0x27"}, {"REPORTED_TCB/MICROCODE", "217"}}},
        {"snp/milan-v3-hostdata.report.bin",
         "sev-snp report",
         {{"GUEST_SVN", "2"}, {"HOST_DATA", "4f4448c67f3c8dfc8de8a5e37125d807dadcc41f06cf23f615dbd52eec777d10"}}},
        {"snp/milan-v4-gce-nocert.report.bin", "sev-snp report", {{"VERSION", "4"}, {"product", "Milan"}}},
        {"snp/genoa-v5-oak.report.bin",
         "sev-snp report",
         {{"VERSION", "5"}, {"product", "Genoa"}, {"CURRENT_MIT_VECTOR", "0100000000000000"}}},
        {"snp/turin-v5-oak.report.bin",
         "sev-snp report",
         {{"product", "Turin"},
          {"CPUID_FAM_ID", "26"},
          {"PLATFORM_INFO", "0x67"},
          {"REPORTED_TCB/FMC", "0"},
          {"REPORTED_TCB/BOOT_LOADER", "1"},
          {"REPORTED_TCB/SNP", "2"},
          {"REPORTED_TCB/MICROCODE", "71"}}},
        {"snp/siena-v5-a0h.report.bin",
         "sev-snp report",
         {{"product", "Genoa"}, {"CPUID_MOD_ID", "160"}, {"LAUNCH_MIT_VECTOR", "0b00000000000000"}}},
        {"snp/milan-v3-vlek-aws.vlek.der",
         "certificate",
         {{"AMD/key", "VLEK"}, {"AMD/csp_id", "CN=cc-us-east-2.amazonaws.com"}, {"not after", "2025-12-10T22:14:21Z"}}},
        {"tdx/spr-v4-intel.quote.bin",
         "tdx quote",
         {{"Header/Version", "4"},
          {"TD Report/TEE_TCB_SVN", "03000400000000000000000000000000"},
          {"TD Report/TDATTRIBUTES", "0000004000000000"},
          {"TD Report/XFAM", "e71a060000000000"},
          {"TD Report/RTMR3",
           "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"},
          {"QE Report/ISVSVN", "4"},
          {"PCK chain/0/Intel SGX/FMSPC", "50806f000000"},
          {"PCK chain/0/Intel SGX/SGX TCB components", "03030202020100020000000000000000"},
          {"PCK chain/0/Intel SGX/PCESVN", "11"},
          {"trailing bytes", "39"}}},
        {"tdx/emr-v5-gotdx.quote.bin",
         "tdx quote",
         {{"Header/Version", "5"},
          {"TD Report/MRTD",
           "7348651a34b2d2d3462822e3a750ec6110125f36757c78480bbfc69cc0d21fb001a1ced3ee19747dda8f750c3bc8f876"},
          {"TD Report/RTMR0",
           "5c8daf76063a71ac8fcef4067564661fc682ed7944c7a5d21dbbced02f61ceff4ba0678c6aef3bdae8cbc614cec24619"},
          {"PCK chain/0/Intel SGX/PCESVN", "13"}}},
        {"tdx/spr-v4-gcp-cos113.ccel.bin",
         "CC event log",
         {{"events", "43"},
          {"end", "whole"},
          {"replays to/RTMR0",
           "3fa2f61f395b7f5feefb4ec2df61297f109ad8abcd6410c1b7df60f21f37b19297fc35e544039c7e1edece752afd17f6"}}},
        {"nitro/prod-2022-10-pcr8.cose.bin",
         "nitro document",
         {{"module_id", "i-020b6af9246d90e92-enc0183d09086c24190"},
          {"timestamp (UTC)", "2022-10-13T08:58:02Z"},
          {"pcrs/8",
           "8790eb3cce6c83d07e84b126dc61ca923333d6f66615c4a79157de48c5ab2418bdc60746ea7b7afbff03a1c6210201cb"},
          {"user_data", "none"}}},
        {"tpm/ibm-swtpm.quote.msg.bin",
         "TPMS_ATTEST",
         {{"extraData", "db1db298db6d60e6385b7231743e9c3056a18003"},
          {"firmwareVersion", "2016051100162800"},
          {"attested.quote/pcrSelect/0/pcrSelect", "15,16,22"}}},
        {"tpm/azure-milan-snp.quote.msg.bin",
         "TPMS_ATTEST",
         {{"clockInfo/resetCount", "2"}, {"clockInfo/safe", "true"}, {"firmwareVersion", "2020031200120003"}}},
        {"tpm/ibm-swtpm.quote.sig-tpmt.bin", "TPMT_SIGNATURE", {{"sigAlg", "TPM_ALG_RSASSA"}}},
        {"tpm/eventlog-ubuntu2404-gce-sevsnp.bin",
         "event log",
         {{"events", "116"},
          {"replays to/sha256/0", "50597a27846e91d025eef597abbc89f72bff9af849094db97b0684d8bc4c515e"},
          {"replays to/sha256/7", "33ad69850fb2c7f30b4f8b4bc10ed93fc954dc07fa726e84f50f3d192dc1c140"},
          {"replays to/sha256/14", "306f9d8b94f17d93dc6e7cf8f5c79d652eb4c6c4d13de2dddc24af416e13ecaf"}}},
        {"tpm/eventlog-crypto-agile-small.bin",
         "event log",
         {{"events", "26"},
          {"replays to/sha256/4", "b0af298ea2ca63fe39d0f9887948f8c9ccedd1cca90b6ed20f0aa1f9cbd8504e"}}},
    };
    for (const auto& row : rows) {
        const auto document = shown(vector_file(row.file));
        EXPECT_EQ(field(document.root(), "format"), row.format) << row.file;
        for (const auto& [path, value] : row.fields)
            EXPECT_EQ(field(document.root(), path), value) << row.file << ": " << path;
    }
    // RTMRs that the log leads to are those of the quote.
    const auto quote = shown(vector_file("tdx/spr-v4-gcp-cos113.quote.bin")),
               log = shown(vector_file("tdx/spr-v4-gcp-cos113.ccel.bin"));
    for (const std::string name : {"RTMR0", "RTMR1", "RTMR2"})
        EXPECT_EQ(field(log.root(), "replays to/" + name), field(quote.root(), "TD Report/" + name));
    // Each certificate of a key's name is told as well.
    const auto key = shown(vector_file("tpm/ibm-swtpm.ak.tpm2b-public.bin"));
    EXPECT_EQ(field(key.root(), "Name"), hex_encode(ct::test::read_vector("tpm/ibm-swtpm.ak.name.bin")));
}

TEST(ShowVectors, ThatAreBrokenAreUnreadable) {
    CT_NEEDS_VECTORS();
    for (const char* name : {"tdx/neg-sgx-v3.quote.bin", "tpm/eventlog-neg-short-no-action.bin"}) {
        const auto result = ran({"show", vector_file(name)});
        EXPECT_EQ(result.code, 3) << name << "\n" << result.output;
    }
}

class Show : public testing::Test {
protected:
    json::Document of(ByteView bytes) { return shown(folder_.write("file", as_text(bytes))); }
    test::TempDir folder_;
};

TEST_F(Show, ASimulatedReportFieldByField) {
    const ct::test::SimulatedSnp chip({.product = attest::snp::Product::turin, .at = ct::test::kNow});
    auto fields = chip.fields();
    fields.guest_svn = 77;
    fields.policy = 0x70000;
    fields.vmpl = 2;
    fields.host_data = ct::test::filled<32>(0x4f);
    const Bytes report = chip.sign(fields);
    const auto document = of(report);
    const auto root = document.root();
    EXPECT_EQ(field(root, "format"), "sev-snp report");
    EXPECT_EQ(field(root, "GUEST_SVN"), "77");
    EXPECT_EQ(field(root, "POLICY/value"), "0x70000");
    EXPECT_EQ(field(root, "POLICY/MIGRATE_MA"), "true");
    EXPECT_EQ(field(root, "POLICY/DEBUG"), "false");
    EXPECT_EQ(field(root, "VMPL"), "2");
    EXPECT_EQ(field(root, "HOST_DATA"), hex_encode(fields.host_data));
    EXPECT_EQ(field(root, "MEASUREMENT"), hex_encode(fields.measurement));
    EXPECT_EQ(field(root, "REPORTED_TCB/FMC"), std::to_string(fields.reported_tcb[0]));
    EXPECT_EQ(field(root, "REPORTED_TCB/MICROCODE"), std::to_string(fields.reported_tcb[7]));
    const auto certificate = of(chip.signing_key_certificate());
    EXPECT_EQ(field(certificate.root(), "AMD/product"), "Turin");
}

TEST_F(Show, ASimulatedDocument) {
    ct::test::SimulatedNsm nsm(ct::test::kNow);
    ct::test::NitroPayload content;
    content.nonce = Bytes{1, 2, 3};
    const auto document = of(nsm.document(content));
    EXPECT_EQ(field(document.root(), "format"), "nitro document");
    EXPECT_EQ(field(document.root(), "module_id"), content.module_id);
    EXPECT_EQ(field(document.root(), "pcrs/0"), hex_encode(Bytes(48, 0xa0)));
    EXPECT_EQ(field(document.root(), "nonce"), "010203");
}

TEST_F(Show, AuditRecordsWithTheirEvidenceAndEvidenceFiles) {
    const ct::test::SnpCase good;
    const auto record = good.record();
    const auto document = of(encode(record));
    const auto root = document.root();
    EXPECT_EQ(field(root, "format"), "audit record");
    EXPECT_EQ(field(root, "id"), record.id);
    EXPECT_EQ(field(root, "outcome"), "released");
    EXPECT_EQ(field(root, "decision as recorded/workload"), "payments");
    EXPECT_EQ(field(root, "evidence/0/fields/ATTESTATION_REPORT/REPORT_DATA"),
              hex_encode(judge::case_binding(record.facts)));
    EXPECT_EQ(field(root, "collateral/bundle sha256"), hex_encode(good.makers.hash));
    const auto file =
        of(encode(EvidenceFile{std::string(ct::test::kSnpKind), Bytes{1}, record.facts.hello->introductions[0].body,
                               record.facts.proof->evidence[0].body}));
    EXPECT_EQ(field(file.root(), "format"), "cloudtaser/evidence/v1");
    EXPECT_EQ(field(file.root(), "evidence/certificates/0/AMD/product"), "Milan");
}

// Both halves of a cloud's evidence: the TPM's and the hardware's.
TEST_F(Show, EvidenceOfCloudsAsWhatItIsMadeOf) {
    namespace composite = attest::composite;
    const struct {
        const char *kind, *path;
        std::string value;
    } rows[] = {
        {composite::kAzureSnp, "HCL report/ATTESTATION_REPORT/MEASUREMENT", hex_encode(Bytes(48, 0xaa))},
        {composite::kAzureTdx, "TD quote/TD Report/MRTD", hex_encode(ct::test::TdFields{}.mr_td)},
        {composite::kGceSnp, "hardware/ATTESTATION_REPORT/MEASUREMENT", hex_encode(Bytes(48, 0xaa))},
    };
    for (const auto& row : rows) {
        auto said = composite::Host(row.kind, 1).say(Sha512{});
        const auto file = [&] {
            return of(encode(EvidenceFile{row.kind, Bytes{1}, said.introduction(), said.evidence()}));
        };
        EXPECT_EQ(field(file().root(), "evidence/TPM/PCRs/7"), hex_encode(Bytes(32, 0xf7))) << row.kind;
        EXPECT_EQ(field(file().root(), std::string("evidence/") + row.path), row.value) << row.kind;
        if (row.kind == composite::kGceSnp) continue;
        said.hcl.magic = "NONE";
        EXPECT_NE(field(file().root(), "evidence/HCL report/error"), "") << "and the TPM's half is shown all the same";
        EXPECT_EQ(field(file().root(), "evidence/TPM/PCRs/7"), hex_encode(Bytes(32, 0xf7))) << row.kind;
    }
}

TEST_F(Show, TakesStandardInputAndSeveralFiles) {
    const ct::test::SimulatedSnp chip({.at = ct::test::kNow});
    const std::string path = folder_.write("report", as_text(chip.sign(chip.fields())));
    const auto result = ran({"show", "--json", path, path});
    EXPECT_EQ(result.code, 0);
    const auto document = parsed(result.output);
    EXPECT_EQ(document.root().size(), 2U);
    EXPECT_EQ(field(document.root(), "1/VERSION"), "3");
    const auto piped = ct::test::run({.argv = {CT_BINARY_DIR "/bin/cloudtaser-attest", "show", "-"}, .input = path});
    EXPECT_EQ(piped.code, 0) << piped.output;
    EXPECT_NE(piped.output.find("\nMEASUREMENT "), std::string::npos) << piped.output;
}

// Evidence may hold what steers a terminal: none of it reaches one.
TEST_F(Show, NothingSteersATerminal) {
    const std::string evil = "\x1b]0;owned\x07\x1b[2J\u202e";
    judge::Record record = ct::test::SnpCase().record();
    record.policy[1].text += "# " + evil + "\n";
    const auto text = ran({"show", folder_.write("file", as_text(encode(record)))});
    EXPECT_EQ(text.code, 0) << text.output;
    EXPECT_NE(text.output.find("owned"), std::string::npos) << "the probe is there";
    for (const char c : text.output)
        EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
}

TEST_F(Show, WhatIsNoneOfItIsUnreadableWhateverItsSize) {
    const ct::test::SimulatedSnp chip({.at = ct::test::kNow});
    const Bytes report = chip.sign(chip.fields());
    for (const std::string& bytes :
         {std::string(), std::string("hello"), std::string(100'000, '\xff'), std::string(2 << 20, '\0'),
          std::string(as_text(report).substr(0, 1183)), std::string("\x85\x76", 2)}) {
        const auto result = ran({"show", folder_.write("file", bytes)});
        EXPECT_EQ(result.code, 3) << bytes.size() << "\n" << result.output;
        EXPECT_LT(result.output.size(), 1000U);
    }
    const auto json = ran({"--json", "show", folder_.file("none")});
    EXPECT_EQ(json.code, 3);
    EXPECT_EQ(field(parsed(json.output).root(), "error/reason"), "io_failed") << json.output;
}

// Cut anywhere, changed anywhere: it is shown or refused, and never more than that.
TEST_F(Show, EveryCutIsRefusedOrShown) {
    ct::test::SimulatedNsm nsm(ct::test::kNow);
    const Bytes document = nsm.document({}), record = encode(ct::test::SnpCase().record());
    for (const Bytes& whole : {document, record})
        for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 12) {
            const auto result = ran({"show", folder_.write("file", as_text(ByteView(whole).first(size)))});
            EXPECT_EQ(result.code, 3) << size << "\n" << result.output;
        }
}

}  // namespace
}  // namespace ct::attest_tool
