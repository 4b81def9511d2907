// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_report.h"

#include <gtest/gtest.h>

#include "codec/hex.h"
#include "support/simulated_snp.h"
#include "support/vectors.h"

namespace ct::attest::snp {
namespace {

test::SnpReport some_report() {
    test::SnpReport report;
    report.guest_svn = 7;
    report.policy = 0x3001f;
    report.family_id.fill(1);
    report.image_id.fill(2);
    report.vmpl = 1;
    report.report_data.fill(3);
    report.measurement.fill(4);
    report.host_data.fill(5);
    report.id_key_digest.fill(6);
    report.author_key_digest.fill(7);
    report.current_tcb.fill(8);
    report.reported_tcb.fill(9);
    report.committed_tcb.fill(10);
    report.launch_tcb.fill(11);
    report.chip_id.fill(12);
    report.flags = 0b111;  // author key, masked chip key, VLEK
    return report;
}

TEST(SnpReport, GivesEveryField) {
    const Bytes bytes = some_report().unsigned_bytes();
    const auto report = parse_report(bytes);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(report->version, 3U);
    EXPECT_EQ(report->guest_svn, 7U);
    EXPECT_EQ(report->policy, 0x3001fU);
    EXPECT_EQ(report->vmpl, 1U);
    EXPECT_EQ(report->platform_info, 0x25U);
    EXPECT_TRUE(report->author_key);
    EXPECT_TRUE(report->chip_key_masked);
    EXPECT_EQ(report->signing_key, 1);
    const std::pair<ByteView, std::uint8_t> fields[] = {
        {report->family_id, 1},         {report->image_id, 2},    {report->report_data, 3},
        {report->measurement, 4},       {report->host_data, 5},   {report->id_key_digest, 6},
        {report->author_key_digest, 7}, {report->current_tcb, 8}, {report->reported_tcb, 9},
        {report->committed_tcb, 10},    {report->launch_tcb, 11}, {report->chip_id, 12}};
    for (const auto& [field, value] : fields)
        EXPECT_EQ(to_vector(field), Bytes(field.size(), value)) << int{value};
    EXPECT_FALSE(report->chip_id_masked());
    EXPECT_EQ(report->product(), Product::milan);
    EXPECT_EQ(report->signed_bytes.size(), kSignedSize);
    EXPECT_EQ(report->signed_bytes.data(), bytes.data());
}

TEST(SnpReport, HasOneSize) {
    Bytes bytes = some_report().unsigned_bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        ASSERT_EQ(parse_report(ByteView(bytes).first(size)).error().reason, Reason::evidence_malformed) << size;
    bytes.push_back(0);
    EXPECT_EQ(parse_report(bytes).error().reason, Reason::evidence_too_large);
}

TEST(SnpReport, OfAnUnknownVersionOrAlgorithmIsOfAnotherType) {
    for (const std::uint32_t version : {0U, 1U, 6U, 0x80000003U}) {
        auto report = some_report();
        report.version = version;
        EXPECT_EQ(parse_report(report.unsigned_bytes()).error().reason, Reason::evidence_wrong_type) << version;
    }
    auto report = some_report();
    report.algorithm = 2;
    EXPECT_EQ(parse_report(report.unsigned_bytes()).error().reason, Reason::evidence_wrong_type);
}

// Those bytes are not signed: what lies there could be anybody's.
TEST(SnpReport, NothingHidesInTheSignatureField) {
    const Bytes good = some_report().unsigned_bytes();
    const auto is_padding = [](std::size_t at) {
        return (at >= 0x2d0 && at < 0x2e8) || (at >= 0x318 && at < 0x330) || at >= 0x330;
    };
    for (std::size_t at = 0x2a0; at < kReportSize; ++at) {
        Bytes bytes = good;
        bytes[at] = 1;
        EXPECT_EQ(parse_report(bytes).has_value(), !is_padding(at)) << at;
    }
}

TEST(SnpReport, KnowsProductsByTheirFamilyAndModel) {
    const struct {
        ByteArray<3> cpuid;
        std::optional<Product> product;
    } rows[] = {{{0x19, 0x00, 0}, Product::milan}, {{0x19, 0x0f, 0}, Product::milan}, {{0x19, 0x10, 0}, Product::genoa},
                {{0x19, 0x1f, 0}, Product::genoa}, {{0x19, 0x20, 0}, std::nullopt},   {{0x19, 0x9f, 0}, std::nullopt},
                {{0x19, 0xa0, 0}, Product::genoa}, {{0x19, 0xaf, 0}, Product::genoa}, {{0x19, 0xb0, 0}, std::nullopt},
                {{0x1a, 0x02, 0}, Product::turin}, {{0x1a, 0x1f, 0}, Product::turin}, {{0x1a, 0x20, 0}, std::nullopt},
                {{0x17, 0x31, 0}, std::nullopt},   {{0, 0, 0}, std::nullopt}};
    for (const auto& [cpuid, product] : rows) {
        auto fields = some_report();
        fields.cpuid = cpuid;
        const Bytes bytes = fields.unsigned_bytes();
        EXPECT_EQ(parse_report(bytes)->product(), product) << hex_encode(cpuid);
    }
    auto old = some_report();
    old.version = 2;
    const Bytes bytes = old.unsigned_bytes();
    EXPECT_EQ(parse_report(bytes)->product(), std::nullopt) << "version 2 does not say";
}

TEST(SnpTcb, OfTurinLiesElsewhere) {
    const ByteArray<8> bytes{1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_EQ(decode_tcb(bytes, Product::milan), (Tcb{0, 1, 2, 7, 8}));
    EXPECT_EQ(decode_tcb(bytes, Product::genoa), (Tcb{0, 1, 2, 7, 8}));
    EXPECT_EQ(decode_tcb(bytes, Product::turin), (Tcb{1, 2, 3, 4, 8}));
}

TEST(SnpTcb, IsComparedByComponent) {
    const Tcb floor{1, 2, 3, 4, 5};
    EXPECT_TRUE(floor.at_least(floor));
    EXPECT_TRUE((Tcb{2, 3, 4, 5, 6}).at_least(floor));
    for (const Tcb& low :
         {Tcb{0, 9, 9, 9, 9}, Tcb{9, 1, 9, 9, 9}, Tcb{9, 9, 2, 9, 9}, Tcb{9, 9, 9, 3, 9}, Tcb{9, 9, 9, 9, 4}})
        EXPECT_FALSE(low.at_least(floor));
}

TEST(SnpVectors, OfRealProcessorsParse) {
    CT_NEEDS_VECTORS();
    const struct {
        const char* name;
        std::uint32_t version;
        std::uint64_t policy;
        std::uint32_t vmpl;
        std::optional<Product> product;
        const char* reported_tcb;
        const char* measurement;
        const char* report_data;
        const char* chip_id;
        std::uint64_t platform_info;
        std::uint32_t guest_svn;
        std::uint8_t signing_key;
    } rows[] = {{"milan-v2-debug", 2, 0xb0000, 0, std::nullopt, "0200000000000544", "b07af9620f3b839b47996422ddec6058",
                 "0102030405000000", "3ac3fe21e13fb099", 0x1, 0, 0},
                {"milan-v2-azure", 2, 0x3001f, 0, std::nullopt, "0300000000000873", "a1f3930413247bb38cfc171579ea3c12",
                 "ec6c52d7533cc2c4", "c38427a30d4c7af9", 0x1, 4, 0},
                {"milan-v3-vlek-aws", 3, 0x30000, 1, Product::milan, "04000000000018d9",
                 "8922ebbdd00ec2c541f36a6e7a82a877", "819770b7e6ea6df8", "0000000000000000", 0x27, 0, 1},
                {"milan-v3-hostdata", 3, 0x3001f, 0, Product::milan, "04000000000018db",
                 "5feee30d6d7e1a29f403d70a4198237d", "0000000000000000", "4ffb5cb4fd594f3f", 0x25, 2, 0},
                {"genoa-v3-hostdata", 3, 0x3001f, 0, Product::genoa, "0a00000000001754",
                 "5feee30d6d7e1a29f403d70a4198237d", "0000000000000000", "b1e24a27bbc3a4d5", 0x27, 2, 0},
                {"milan-v3-oak", 3, 0x30000, 0, Product::milan, "04000000000018db", "195b01b74976a1faba13bd85eaf78795",
                 "a7ca989b0359ea4e", "a3fdc2c64dc299ab", 0x25, 0, 0},
                {"genoa-v5-oak", 5, 0x30000, 0, Product::genoa, "0a00000000001954", "c57729018b0a6fb90dc17bb138b0aa35",
                 "8100555af0ad8e75", "d2421d976f95ce0b", 0x25, 0, 0},
                {"turin-v5-oak", 5, 0x30000, 0, Product::turin, "0001000200000047", "f924dd18f168df60fbea937f0b086284",
                 "e0fd0bdb6aa4030a", "3b42092f69c656d3", 0x67, 0, 0},
                {"siena-v5-a0h", 5, 0x30000, 0, Product::genoa, "0a00000000001b1b", "d9912ba396ce409c2947841d93a5076b",
                 "68656c6c6f2d6174", "b5f9a4c8280e63c9", 0x25, 0, 0},
                {"milan-v4-gce-nocert", 4, 0x30000, 0, Product::milan, "04000000000019db",
                 "59ead9b42664d54fda54f707670386f6", "29e348d0fd42479c", "12d937a2e0fa6469", 0x25, 0, 0}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const Bytes bytes = test::read_vector("snp/" + std::string(row.name) + ".report.bin");
        const auto report = parse_report(bytes);
        ASSERT_TRUE(report) << report.error().to_string();
        EXPECT_EQ(report->version, row.version);
        EXPECT_EQ(report->policy, row.policy);
        EXPECT_EQ(report->vmpl, row.vmpl);
        EXPECT_EQ(report->product(), row.product);
        EXPECT_EQ(hex_encode(report->reported_tcb), row.reported_tcb);
        EXPECT_EQ(hex_encode(report->measurement.first(16)), row.measurement);
        EXPECT_EQ(hex_encode(report->report_data.first(8)), row.report_data);
        EXPECT_EQ(hex_encode(report->chip_id.first(8)), row.chip_id);
        EXPECT_EQ(report->platform_info, row.platform_info);
        EXPECT_EQ(report->guest_svn, row.guest_svn);
        EXPECT_EQ(report->signing_key, row.signing_key);
    }
}

}  // namespace
}  // namespace ct::attest::snp
