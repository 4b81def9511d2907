// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_quote.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "base/limits.h"
#include "codec/hex.h"
#include "support/tdx_builder.h"
#include "support/vectors.h"

namespace ct::attest::tdx {
namespace {

using test::QuoteFields;

void expect_fields(QuoteFields fields) {
    fields.qe.misc_select = 0x01020304;
    const Bytes bytes = fields.bytes();
    const auto quote = parse_quote(bytes);
    ASSERT_TRUE(quote) << quote.error().to_string();
    EXPECT_EQ(quote->version, fields.version);
    EXPECT_EQ(to_vector(quote->signed_bytes), fields.signed_bytes());
    EXPECT_EQ(to_vector(quote->signature), fields.signature);
    EXPECT_EQ(to_vector(quote->attestation_key), fields.attestation_key);
    EXPECT_EQ(to_vector(quote->qe_report), fields.qe.bytes());
    EXPECT_EQ(to_vector(quote->qe_report_signature), fields.qe_signature);
    EXPECT_EQ(to_vector(quote->qe_auth_data), fields.qe_auth_data);
    EXPECT_EQ(quote->pck_chain, "certificates");

    const TdReport& td = quote->td;
    EXPECT_EQ(to_vector(td.tee_tcb_svn), fields.td.tee_tcb_svn);
    EXPECT_EQ(to_vector(td.mr_seam), fields.td.mr_seam);
    EXPECT_EQ(to_vector(td.mr_signer_seam), fields.td.mr_signer_seam);
    EXPECT_EQ(to_vector(td.seam_attributes), fields.td.seam_attributes);
    EXPECT_EQ(td.attributes, fields.td.attributes);
    EXPECT_EQ(td.xfam, fields.td.xfam);
    EXPECT_EQ(to_vector(td.mr_td), fields.td.mr_td);
    EXPECT_EQ(to_vector(td.mr_config_id), fields.td.mr_config_id);
    EXPECT_EQ(to_vector(td.mr_owner), fields.td.mr_owner);
    EXPECT_EQ(to_vector(td.mr_owner_config), fields.td.mr_owner_config);
    for (std::size_t i = 0; i < kRegisters; ++i)
        EXPECT_EQ(to_vector(td.rtmr[i]), fields.td.rtmr[i]);
    EXPECT_EQ(to_vector(td.report_data), fields.td.report_data);
    EXPECT_EQ(to_vector(td.tee_tcb_svn2), fields.td15() ? fields.td.tee_tcb_svn2 : Bytes{});
    EXPECT_EQ(to_vector(td.mr_service_td), fields.td15() ? fields.td.mr_service_td : Bytes{});
    EXPECT_TRUE(td.has(attribute::kSeptVeDisable));
    EXPECT_FALSE(td.has(attribute::kDebug));

    EXPECT_EQ(to_vector(quote->qe.cpu_svn), fields.qe.cpu_svn);
    EXPECT_EQ(hex_encode(quote->qe.misc_select), "04030201");
    EXPECT_EQ(to_vector(quote->qe.attributes), fields.qe.attributes);
    EXPECT_EQ(to_vector(quote->qe.mr_enclave), fields.qe.mr_enclave);
    EXPECT_EQ(to_vector(quote->qe.mr_signer), fields.qe.mr_signer);
    EXPECT_EQ(quote->qe.isv_prod_id, fields.qe.isv_prod_id);
    EXPECT_EQ(quote->qe.isv_svn, fields.qe.isv_svn);
    EXPECT_EQ(to_vector(quote->qe.report_data), fields.qe.report_data);
}

TEST(TdxQuote, GivesEveryFieldOfEachVersionAndBody) {
    QuoteFields fields;
    fields.td.mr_service_td = Bytes(48, 0x99);
    expect_fields(fields);
    fields.version = 5;
    expect_fields(fields);
    fields.body_type = 3;
    expect_fields(fields);
}

TEST(TdxQuote, DropsWhatFollowsTheSignatureDataAndNulsBehindTheCertificates) {
    QuoteFields fields;
    fields.padding = Bytes(300, 0xff);
    expect_fields(fields);
    fields.pck_chain += '\0';
    const Bytes bytes = fields.bytes();
    EXPECT_EQ(parse_quote(bytes)->pck_chain, "certificates");
}

TEST(TdxQuote, CutShortIsMalformed) {
    for (const std::uint16_t version : std::initializer_list<std::uint16_t>{4, 5}) {
        QuoteFields fields;
        fields.version = version;
        fields.body_type = 3;
        const Bytes bytes = fields.bytes();
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const auto quote = parse_quote(ByteView(bytes).first(size));
            ASSERT_FALSE(quote) << size;
            EXPECT_EQ(quote.error().reason, Reason::evidence_malformed) << size;
        }
    }
}

// And says how long it is now.
TEST(TdxQuote, SignatureDataCutShortIsMalformed) {
    const QuoteFields fields;
    const Bytes bytes = fields.bytes();
    const std::size_t length_at = fields.signed_bytes().size(), begin = length_at + 4;
    const std::size_t whole = bytes.size() - begin;
    ASSERT_TRUE(parse_quote(bytes)) << "nothing follows its signature data";
    for (std::size_t size = 0; size < whole; ++size) {
        Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(begin + size));
        for (unsigned i = 0; i < 4; ++i)
            cut[length_at + i] = static_cast<std::uint8_t>(size >> (8 * i));
        const auto quote = parse_quote(cut);
        ASSERT_FALSE(quote) << size;
        EXPECT_EQ(quote.error().reason, Reason::evidence_malformed) << size;
    }
}

TEST(TdxQuote, IsRefusedForEachBadField) {
    struct Case {
        std::string_view what;
        std::function<void(QuoteFields&)> change;
        Reason reason;
    };
    for (const Case& one : std::vector<Case>{
             {"an SGX quote", [](auto& f) { f.version = 3; }, Reason::evidence_wrong_type},
             {"a later version", [](auto& f) { f.version = 6; }, Reason::evidence_wrong_type},
             {"SGX in version 4", [](auto& f) { f.tee = 0; }, Reason::evidence_wrong_type},
             {"a P-384 key", [](auto& f) { f.key_type = 3; }, Reason::evidence_wrong_type},
             {"another maker's QE", [](auto& f) { f.vendor[0] ^= 1; }, Reason::evidence_wrong_type},
             {"an SGX body", [](auto& f) { f.version = 5, f.body_type = 1; }, Reason::evidence_wrong_type},
             {"an unknown body", [](auto& f) { f.version = 5, f.body_type = 4; }, Reason::evidence_wrong_type},
             {"another body's size", [](auto& f) { f.version = 5, f.body_size = 648; }, Reason::evidence_malformed},
             {"a PCK chain without a QE report", [](auto& f) { f.outer_type = 5; }, Reason::evidence_wrong_type},
             {"an encrypted PPID", [](auto& f) { f.inner_type = 3; }, Reason::evidence_wrong_type},
             {"signature data past the end", [](auto& f) { f.signature_data_more = 1; }, Reason::evidence_malformed},
             {"signature data too short", [](auto& f) { f.signature_data_more = -1; }, Reason::evidence_malformed},
             {"signature data with more in it", [](auto& f) { f.padding = Bytes(8), f.signature_data_more = 8; },
              Reason::evidence_malformed},
             {"certification past the end", [](auto& f) { f.outer_more = 1; }, Reason::evidence_malformed},
             {"certification too short", [](auto& f) { f.outer_more = -1; }, Reason::evidence_malformed},
             {"a chain past the end", [](auto& f) { f.inner_more = 1; }, Reason::evidence_malformed},
             {"a chain too short", [](auto& f) { f.inner_more = -1; }, Reason::evidence_malformed},
             {"padding without end", [](auto& f) { f.padding.resize(limits::kTdxQuote); }, Reason::evidence_too_large},
         }) {
        QuoteFields fields;
        one.change(fields);
        const auto quote = parse_quote(fields.bytes());
        ASSERT_FALSE(quote) << one.what;
        EXPECT_EQ(quote.error().reason, one.reason) << one.what << ": " << quote.error().to_string();
    }
}

TEST(TdxQuote, OfRealTdsIsRead) {
    CT_NEEDS_VECTORS();
    struct Real {
        std::string name;
        std::uint16_t version;
        std::string svn, attributes, mr_td, rtmr0, mr_seam, xfam, report_data;  // how they begin
        std::uint16_t qe_svn;
    };
    for (const Real& real : std::vector<Real>{
             {"spr-v4-intel", 4, "030004000000", "0000004000000000", "6363b8043668a3ad953278e10389574d",
              "2927da70461cd632", "2fd279c16164a93d", "e71a060000000000", "6c62dec1b8191749", 4},
             {"emr-v4-phala", 4, "060103000000", "0000001000000000", "91eb2b44d141d4ece09f0c75c2c53d24",
              "44c0197b39157fdd", "5b38e33a6487958b", "e702060000000000", "9a9d48e7f6799642", 6},
             {"emr-v5-phala", 5, "070103000000", "0000001000000000", "273828c46252fcbdd8ad2dd907130222",
              "0000000000000000", "49b66faa451d19eb", "e718060000000000", "d2142b643598eb5f", 7},
             {"emr-v5-gotdx", 5, "0b0104000000", "0000001000000000", "7348651a34b2d2d3462822e3a750ec61",
              "5c8daf76063a71ac", "7bf063280e94fb05", "e702060000000000", "945eaacf5abc1f71", 7},
             {"spr-v4-debug", 4, "030005000000", "0100001000000000", "705ee9381b8633a9fbe532b52345e843",
              "e940da7c2712d279", "2fd279c16164a93d", "e742060000000000", "7c71fe2c86eff65a", 4},
             {"spr-v4-outofdate", 4, "040107000000", "0000001000000000", "935be7742dd89c6a4df6dba8353d8904",
              "0000000000000000", "ffc97a88587660fb", "e700060000000000", "0000000000000000", 6},
             {"spr-v4-gcp-cos113", 4, "040107000000", "0000001000000000", "dae67181d3d65e073ad8f95b7907d5e9",
              "3fa2f61f395b7f5f", "ffc97a88587660fb", "e700060000000000", "0000000000000000", 6},
         }) {
        const Bytes bytes = test::read_vector("tdx/" + real.name + ".quote.bin");
        const auto quote = parse_quote(bytes);
        ASSERT_TRUE(quote) << real.name << ": " << quote.error().to_string();
        EXPECT_EQ(quote->version, real.version) << real.name;
        EXPECT_EQ(quote->td.tee_tcb_svn2.empty(), real.version == 4) << real.name;
        const auto begins = [&](ByteView field, const std::string& hex) {
            EXPECT_EQ(hex_encode(field).substr(0, hex.size()), hex) << real.name;
        };
        begins(quote->td.tee_tcb_svn, real.svn);
        begins(quote->signed_bytes.subspan(48 + (real.version == 5 ? 6 : 0) + 120, 8), real.attributes);
        EXPECT_EQ(quote->td.has(attribute::kDebug), real.name == "spr-v4-debug");
        begins(quote->td.mr_td, real.mr_td);
        begins(quote->td.rtmr[0], real.rtmr0);
        begins(quote->td.mr_seam, real.mr_seam);
        begins(quote->td.report_data, real.report_data);
        EXPECT_EQ(quote->qe.isv_svn, real.qe_svn) << real.name;
        EXPECT_TRUE(quote->pck_chain.ends_with("-----END CERTIFICATE-----\n")) << real.name;
    }
    const auto sgx = parse_quote(test::read_vector("tdx/neg-sgx-v3.quote.bin"));
    ASSERT_FALSE(sgx);
    EXPECT_EQ(sgx.error().reason, Reason::evidence_wrong_type);
}

}  // namespace
}  // namespace ct::attest::tdx
