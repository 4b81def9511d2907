// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/hcl_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "attest/evidence/hcl_runtime.h"
#include "attest/evidence/snp_report.h"
#include "attest/evidence/tdx_quote.h"
#include "codec/hex.h"
#include "crypto/x509.h"
#include "support/hcl_builder.h"
#include "support/print_reason.h"
#include "support/vectors.h"

namespace ct::attest::azure {
namespace {

using test::HclFields;
using enum Reason;

HclFields sound() {
    HclFields out;
    out.runtime = test::hcl_runtime(Bytes(256, 0xa1));
    return out;
}

TEST(HclReport, GivesReportAndRuntimeDataOfEachHardware) {
    for (const std::uint32_t version : {1U, 2U}) {
        HclFields fields = sound();
        fields.version = version;
        Bytes bytes = fields.bytes();
        const auto snp = parse_hcl_report(bytes);
        ASSERT_TRUE(snp) << snp.error().to_string();
        EXPECT_EQ(snp->hardware, Hardware::snp);
        EXPECT_EQ(to_vector(snp->report), Bytes(1184, 0x5a));
        EXPECT_EQ(as_text(snp->runtime), fields.runtime);
        fields.hardware = 4;
        bytes = fields.bytes();
        const auto tdx = parse_hcl_report(bytes);
        ASSERT_TRUE(tdx) << tdx.error().to_string();
        EXPECT_EQ(tdx->hardware, Hardware::tdx);
        EXPECT_EQ(to_vector(tdx->report), Bytes(1024, 0x5a));
    }
}

TEST(HclReport, HasItsHashAndZerosAsReportData) {
    const struct {
        std::uint32_t number;
        crypto::Hash hash;
    } rows[] = {{1, crypto::Hash::sha256}, {2, crypto::Hash::sha384}, {3, crypto::Hash::sha512}};
    for (const auto& row : rows) {
        HclFields fields = sound();
        fields.hash = row.number;
        const Bytes bytes = fields.bytes();
        const auto report = parse_hcl_report(bytes);
        ASSERT_TRUE(report);
        Bytes expected = crypto::digest(row.hash, {as_bytes(fields.runtime)});
        expected.resize(64);
        const auto data = report_data_of(*report);
        EXPECT_EQ(Bytes(data.begin(), data.end()), expected);
    }
}

TEST(HclReport, OfAnotherFormIsRefused) {
    const struct {
        const char* what;
        std::function<void(HclFields&)> bend;
        Reason reason;
    } rows[] = {
        {"magic", [](auto& f) { f.magic = "HCLB"; }, evidence_malformed},
        {"no runtime data", [](auto& f) { f.runtime.clear(); }, evidence_malformed},
        {"sizes that differ", [](auto& f) { f.size_more = 1; }, evidence_malformed},
        {"runtime data past the end", [](auto& f) { f.runtime_size_more = 300; }, evidence_malformed},
        {"a size that wraps", [](auto& f) { f.runtime_size_more = -1 - static_cast<int>(f.runtime.size()); },
         evidence_malformed},
        {"version 0", [](auto& f) { f.version = 0; }, evidence_wrong_type},
        {"version 3", [](auto& f) { f.version = 3; }, evidence_wrong_type},
        {"another request", [](auto& f) { f.request = 1; }, evidence_wrong_type},
        {"runtime version 2", [](auto& f) { f.runtime_version = 2; }, evidence_wrong_type},
        {"VBS", [](auto& f) { f.hardware = 3; }, evidence_wrong_type},
        {"hash 0", [](auto& f) { f.hash = 0; }, evidence_wrong_type},
        {"hash 4", [](auto& f) { f.hash = 4; }, evidence_wrong_type},
        {"too large", [](auto& f) { f.padding = 8192; }, evidence_too_large},
    };
    for (const auto& row : rows) {
        HclFields fields = sound();
        row.bend(fields);
        const auto report = parse_hcl_report(fields.bytes());
        ASSERT_FALSE(report) << row.what;
        EXPECT_EQ(report.error().reason, row.reason) << row.what;
    }
}

TEST(HclReport, CutShortAnywhereIsRefused) {
    HclFields fields = sound();
    fields.padding = 0;
    const Bytes bytes = fields.bytes();
    ASSERT_TRUE(parse_hcl_report(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(parse_hcl_report(ByteView(bytes).first(size))) << size;
}

TEST(HclRuntime, NamesTheAttestationKey) {
    const std::string json = test::hcl_runtime(Bytes(256, 0xa1), std::string(126, '0') + "fe");
    const auto runtime = parse_runtime(as_bytes(json));
    ASSERT_TRUE(runtime) << runtime.error().to_string();
    EXPECT_EQ(runtime->ak_modulus, Bytes(256, 0xa1));
    EXPECT_EQ(runtime->ak_exponent, 65537U);
    EXPECT_EQ(runtime->vm_id, "7DF7B373-B947-4AAA-96E5-C358F2A03D20");
    EXPECT_EQ(runtime->secure_boot, true);
    EXPECT_EQ(runtime->console, false);
    ASSERT_EQ(runtime->user_data.size(), 64U);
    EXPECT_EQ(runtime->user_data.back(), 0xfe);
}

TEST(HclRuntime, NeedsTheKeyAlone) {
    const auto runtime = parse_runtime(
        as_bytes(R"({"keys":[{"kid":"x"},{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"oQ"}],"new":[1]})"));
    ASSERT_TRUE(runtime) << runtime.error().to_string();
    EXPECT_EQ(runtime->ak_modulus, Bytes{0xa1});
    EXPECT_TRUE(runtime->vm_id.empty());
    EXPECT_FALSE(runtime->secure_boot);
    EXPECT_TRUE(runtime->user_data.empty());
}

TEST(HclRuntime, OfAnotherFormIsRefused) {
    const std::string key = R"({"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"oQ"})";
    const struct {
        const char* what;
        std::string json;
    } rows[] = {
        {"no JSON", "{"},
        {"two members of one name", R"({"keys":[)" + key + R"(],"keys":[)" + key + "]}"},
        {"no object", "[]"},
        {"no keys", "{}"},
        {"keys that are no array", R"({"keys":)" + key + "}"},
        {"no attestation key", R"({"keys":[{"kid":"HCLEkPub","kty":"RSA","e":"AQAB","n":"oQ"}]})"},
        {"two of them", R"({"keys":[)" + key + "," + key + "]}"},
        {"of another type", R"({"keys":[{"kid":"HCLAkPub","kty":"EC","e":"AQAB","n":"oQ"}]})"},
        {"without modulus", R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB"}]})"},
        {"without exponent", R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","n":"oQ"}]})"},
        {"an exponent of 5 bytes", R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAAAAA","n":"oQ"}]})"},
        {"a modulus that is no base64url", R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"+/"}]})"},
        {"user data of 63 bytes", R"({"keys":[)" + key + R"(],"user-data":")" + std::string(126, '0') + "\"}"},
        {"user data of no digits", R"({"keys":[)" + key + R"(],"user-data":")" + std::string(128, 'g') + "\"}"},
        {"a long machine id",
         R"({"keys":[)" + key + R"(],"vm-configuration":{"vmUniqueId":")" + std::string(65, 'a') + "\"}}"},
        {"nested too deep", R"({"keys":[)" + key + R"(],"x":[[[[[[[[[[]]]]]]]]]]})"},
    };
    for (const auto& row : rows) {
        const auto runtime = parse_runtime(as_bytes(row.json));
        ASSERT_FALSE(runtime) << row.what;
        EXPECT_TRUE(runtime.error().reason == evidence_malformed || runtime.error().reason == evidence_too_large)
            << row.what << ": " << runtime.error().to_string();
    }
}

TEST(HclVectors, HaveTheValuesOfTheirReadme) {
    CT_NEEDS_VECTORS();
    for (const std::string name : {"azure-milan-snp", "azure-spr-tdx"}) {
        const Bytes bytes = test::read_vector("tpm/" + name + ".hcl-report.bin");
        const auto report = parse_hcl_report(bytes);
        ASSERT_TRUE(report) << report.error().to_string();
        const auto runtime = parse_runtime(report->runtime);
        ASSERT_TRUE(runtime) << runtime.error().to_string();
        const auto key = crypto::PublicKey::from_rsa(runtime->ak_modulus, runtime->ak_exponent);
        const auto same = crypto::PublicKey::from_pem(as_text(test::read_vector("tpm/" + name + ".ak.pub.pem")));
        EXPECT_EQ(key.value().spki_sha256().value(), same.value().spki_sha256().value()) << name;
        const auto data = report_data_of(*report);
        EXPECT_TRUE(runtime->secure_boot.value_or(false));
        if (report->hardware == Hardware::snp) {
            EXPECT_EQ(name, "azure-milan-snp");
            const auto snp = snp::parse_report(report->report);
            ASSERT_TRUE(snp) << snp.error().to_string();
            EXPECT_TRUE(std::ranges::equal(snp->report_data, data));
            EXPECT_EQ(
                hex_encode(runtime->user_data),
                "982f5c6e45df0ed3f10b6f60b02f0c8390e281300f3805e2279c16168cd6ae9aa398f647caa2338748cd0fd9f5f819ef" +
                    std::string(32, '0'));
            EXPECT_EQ(runtime->vm_id, "7DF7B373-B947-4AAA-96E5-C358F2A03D20");
        } else {
            EXPECT_EQ(name, "azure-spr-tdx");
            constexpr std::size_t report_data_at = 0x80;
            EXPECT_TRUE(std::ranges::equal(report->report.subspan(report_data_at, 64), data));
            const Bytes quote = test::read_vector("tpm/azure-spr-tdx.td-quote.bin");
            EXPECT_TRUE(std::ranges::equal(tdx::parse_quote(quote).value().td.report_data, data));
            EXPECT_EQ(hex_encode(runtime->user_data), std::string(128, '0'));
        }
    }
}

}  // namespace
}  // namespace ct::attest::azure
