// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_endorsement.h"

#include <gtest/gtest.h>

#include "support/simulated_snp.h"
#include "support/vectors.h"

namespace ct::attest::snp {
namespace {

constexpr WallTime kAt{Seconds(1'790'000'000)};

Result<Endorsement> endorsement(test::SimulatedSnp::Options options) {
    options.at = kAt;
    const Bytes der = test::SimulatedSnp(std::move(options)).signing_key_certificate();
    CT_TRY(const auto certificate, crypto::Certificate::from_der(der));
    return parse_endorsement(certificate);
}

TEST(SnpEndorsement, SaysForWhichChipAndFirmware) {
    for (const Product product : {Product::milan, Product::genoa, Product::turin}) {
        const auto vcek = endorsement({.product = product});
        ASSERT_TRUE(vcek) << vcek.error().to_string();
        EXPECT_EQ(vcek->product, product);
        EXPECT_EQ(vcek->key, SigningKey::vcek);
        EXPECT_EQ(vcek->tcb, product == Product::turin ? (Tcb{1, 2, 3, 4, 0xdb}) : (Tcb{0, 4, 0, 24, 0xdb}));
        EXPECT_EQ(vcek->chip_id.size(), product == Product::turin ? 8U : 64U);
        EXPECT_EQ(vcek->chip_id[0], 2) << "raw bytes, though they start like an INTEGER";
    }
    const auto vlek = endorsement({.vlek = true});
    ASSERT_TRUE(vlek) << vlek.error().to_string();
    EXPECT_EQ(vlek->key, SigningKey::vlek);
    EXPECT_EQ(vlek->csp_id, "CN=cloud.example");
    EXPECT_TRUE(vlek->chip_id.empty());
}

TEST(SnpEndorsement, IsRefusedForEachExtensionThatIsNotAsAmdWritesIt) {
    const std::string arc = "1.3.6.1.4.1.3704.1.";
    struct Case {
        const char* what;
        std::function<void(test::SnpCertificate&)> bend;
        Reason reason;
    };
    const auto with = [&](const std::string& oid, Bytes content) {
        return [=](test::SnpCertificate& c) { c.extensions[arc + oid] = content; };
    };
    std::vector<Case> cases = {
        {"another product", with("2", {0x16, 5, 'V', 'e', 'n', 'i', 's'}), Reason::evidence_product_unknown},
        {"a product that only begins like one", with("2", {0x16, 6, 'M', 'i', 'l', 'a', 'n', 'o'}),
         Reason::evidence_product_unknown},
        {"a product that is no text", with("2", {0x04, 5, 'M', 'i', 'l', 'a', 'n'}), Reason::evidence_malformed},
        {"another structure", with("1", {0x02, 1, 1}), Reason::evidence_malformed},
        {"a level beyond a byte", with("3.8", {0x02, 2, 1, 0}), Reason::evidence_malformed},
        {"a negative level", with("3.3", {0x02, 1, 0xdb}), Reason::evidence_malformed},
        {"bytes after a level", with("3.1", {0x02, 1, 4, 0}), Reason::evidence_malformed},
        {"an empty level", with("3.2", {}), Reason::evidence_malformed},
        {"a short chip id", with("4", Bytes(63, 1)), Reason::evidence_malformed},
        {"a wrapped chip id",
         with("4",
              [] {
                  Bytes b(66, 1);
                  b[0] = 4;
                  b[1] = 64;
                  return b;
              }()),
         Reason::evidence_malformed},
        {"chip and provider", with("5", {0x16, 1, 'x'}), Reason::evidence_malformed}};
    const auto provider = [&](Bytes content) {
        return [=](test::SnpCertificate& c) {
            c.extensions.erase(arc + "4");
            c.extensions[arc + "5"] = content;
        };
    };
    Bytes long_text(4 + 257, 'x');
    std::ranges::copy(Bytes{0x16, 0x82, 1, 1}, long_text.begin());
    cases.push_back({"a level that is no INTEGER", with("3.1", {0x04, 1, 4}), Reason::evidence_malformed});
    cases.push_back({"a provider that is no text", provider({0x04, 1, 'x'}), Reason::evidence_malformed});
    cases.push_back({"bytes after a provider", provider({0x16, 1, 'x', 0}), Reason::evidence_malformed});
    cases.push_back({"a provider beyond its bound", provider(long_text), Reason::evidence_malformed});
    for (const char* oid : {"1", "2", "3.1", "3.2", "3.3", "3.8", "4"}) {
        cases.push_back({oid, [=](auto& c) { c.extensions.erase(arc + oid); }, Reason::evidence_malformed});
        cases.push_back({oid, [=](auto& c) { c.twice = arc + oid; }, Reason::evidence_malformed});
    }
    cases.push_back({"a provider twice",
                     [=](auto& c) {
                         provider({0x16, 1, 'x'})(c);
                         c.twice = arc + "5";
                     },
                     Reason::evidence_malformed});
    for (const auto& one : cases) {
        const auto parsed = endorsement({.bend_certificate = one.bend});
        ASSERT_FALSE(parsed) << one.what;
        EXPECT_EQ(parsed.error().reason, one.reason) << one.what << ": " << parsed.error().to_string();
    }
}

TEST(SnpEndorsement, OfTurinNeedsTheLevelOfItsFirmwareController) {
    const auto without = [](test::SnpCertificate& c) { c.extensions.erase("1.3.6.1.4.1.3704.1.3.9"); };
    const auto parsed = endorsement({.product = Product::turin, .bend_certificate = without});
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().reason, Reason::evidence_malformed);
}

TEST(SnpEndorsementVectors, OfRealKeysParse) {
    CT_NEEDS_VECTORS();
    const struct {
        const char* file;
        Product product;
        Tcb tcb;
    } rows[] = {{"snp/milan-v2-azure.vcek.der", Product::milan, {0, 3, 0, 8, 115}},
                {"snp/genoa-v3-hostdata.vcek.der", Product::genoa, {0, 10, 0, 23, 84}},
                {"snp/siena-v5-a0h.vcek.der", Product::genoa, {0, 10, 0, 27, 27}},
                {"snp/turin-v5-oak.vcek.der", Product::turin, {0, 1, 0, 2, 71}},
                {"snp/milan-v3-vlek-aws.vlek.der", Product::milan, {0, 4, 0, 24, 217}}};
    for (const auto& row : rows) {
        const auto certificate = crypto::Certificate::from_der(test::read_vector(row.file));
        ASSERT_TRUE(certificate) << row.file;
        const auto parsed = parse_endorsement(*certificate);
        ASSERT_TRUE(parsed) << row.file << ": " << parsed.error().to_string();
        EXPECT_EQ(parsed->product, row.product) << row.file;
        EXPECT_EQ(parsed->tcb, row.tcb) << row.file;
    }
}

}  // namespace
}  // namespace ct::attest::snp
