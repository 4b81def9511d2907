// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/settings.h"

#include <gtest/gtest.h>

namespace ct::attestd {
namespace {

Result<Settings> parse(const std::string& text) {
    const auto document = config::Document::parse(text, "attestd.toml");
    if (!document) return std::unexpected(document.error());
    return parse_settings(document->root());
}

TEST(AttestdSettings, HaveTheirDefaults) {
    for (const std::string& text : {std::string(), std::string("[tpm2]\n"), std::string("[tpm2.ak]\n[tpm2.ek]\n")}) {
        const auto settings = parse(text);
        ASSERT_TRUE(settings) << settings.error().to_string();
        ASSERT_TRUE(settings->tpm2);
        EXPECT_EQ(settings->tpm2->tcti, "device:/dev/tpmrm0");
        EXPECT_EQ(settings->tpm2->event_log, "/sys/kernel/security/tpm0/binary_bios_measurements");
        EXPECT_EQ(settings->tpm2->ak_type, attest::TpmKeyType::ecc);
        EXPECT_EQ(settings->tpm2->ak_handle, 0u);
        EXPECT_TRUE(settings->tpm2->offer_ek);
        EXPECT_EQ(settings->tpm2->ek_type, attest::TpmKeyType::rsa);
        EXPECT_EQ(settings->tpm2->ek_handle, 0x81010001u);
        EXPECT_FALSE(settings->idle_release);
    }
}

TEST(AttestdSettings, AreReadFromEveryKey) {
    const auto settings = parse(R"([tpm2]
tcti = "swtpm:path=/run/tpm"
event_log = "/var/log/measurements"
idle_release = "0s"
[tpm2.ak]
type = "rsa"
handle = 0x81010002
certificates = "/etc/cloudtaser/ak.pem"
certificate_nv = 0x01c101d0
[tpm2.ek]
offer = false
type = "ecc"
handle = 0
certificates = "/etc/cloudtaser/ek.pem"
)");
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_EQ(settings->tpm2->tcti, "swtpm:path=/run/tpm");
    EXPECT_EQ(settings->tpm2->event_log, "/var/log/measurements");
    EXPECT_EQ(settings->idle_release, Seconds(0));
    EXPECT_EQ(settings->tpm2->ak_type, attest::TpmKeyType::rsa);
    EXPECT_EQ(settings->tpm2->ak_handle, 0x81010002u);
    EXPECT_EQ(settings->tpm2->ak_certificates, "/etc/cloudtaser/ak.pem");
    EXPECT_EQ(settings->tpm2->ak_certificate_nv, 0x01c101d0u);
    EXPECT_FALSE(settings->tpm2->offer_ek);
    EXPECT_EQ(settings->tpm2->ek_type, attest::TpmKeyType::ecc);
    EXPECT_EQ(settings->tpm2->ek_handle, 0u);
    EXPECT_EQ(settings->tpm2->ek_certificates, "/etc/cloudtaser/ek.pem");
}

TEST(AttestdSettings, CanLeaveTheTpmAlone) {
    const auto settings = parse("[tpm2]\nenabled = false\n");
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_FALSE(settings->tpm2);
}

TEST(AttestdSettings, AreRefusedForEachMistakeWithItsLine) {
    struct Case {
        std::string text;
        unsigned line;
    };
    for (const Case& one : std::vector<Case>{
             {"tpm = 1\n", 1},
             {"[tpm2]\ntctl = \"x\"\n", 2},
             {"[tpm2]\ntcti = 1\n", 2},
             {"[tpm2]\ntcti = \"\"\n", 2},
             {"[tpm2]\nevent_log = \"relative\"\n", 2},
             {"[tpm2]\nidle_release = \"soon\"\n", 2},
             {"[tpm2]\nenabled = \"no\"\n", 2},
             {"[tpm2.ak]\ntype = \"dsa\"\n", 2},
             {"[tpm2.ak]\nhandle = 7\n", 2},
             {"[tpm2.ak]\nhandle = 0x82000000\n", 2},
             {"[tpm2.ak]\ncertificate_nv = 0x81010001\n", 2},
             {"[tpm2.ak]\ncertificates = \"ak.pem\"\n", 2},
             {"[tpm2.ak]\noffer = true\n", 2},
             {"[tpm2.ek]\noffer = 1\n", 2},
             {"[tpm2.ek]\nhandle = -1\n", 2},
         }) {
        const auto settings = parse(one.text);
        ASSERT_FALSE(settings) << one.text;
        EXPECT_EQ(settings.error().reason, Reason::config_invalid) << one.text;
        EXPECT_EQ(settings.error().context.find("attestd.toml:" + std::to_string(one.line) + ":"), 0u)
            << one.text << settings.error().context;
    }
}

}  // namespace
}  // namespace ct::attestd
