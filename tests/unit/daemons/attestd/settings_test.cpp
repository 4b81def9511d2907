// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/settings.h"

#include <gtest/gtest.h>

#include "daemons/attestd/devices.h"

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
        EXPECT_EQ(settings->use_tpm2, Use::if_there);
        EXPECT_EQ(settings->tpm2.tcti, "device:/dev/tpmrm0");
        EXPECT_EQ(settings->tpm2.event_log, "/sys/kernel/security/tpm0/binary_bios_measurements");
        EXPECT_EQ(settings->tpm2.ak_type, attest::TpmKeyType::ecc);
        EXPECT_EQ(settings->tpm2.ak_handle, 0u);
        EXPECT_TRUE(settings->tpm2.offer_ek);
        EXPECT_EQ(settings->tpm2.ek_type, attest::TpmKeyType::rsa);
        EXPECT_EQ(settings->tpm2.ek_handle, 0x81010001u);
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
    EXPECT_EQ(settings->tpm2.tcti, "swtpm:path=/run/tpm");
    EXPECT_EQ(settings->tpm2.event_log, "/var/log/measurements");
    EXPECT_EQ(settings->idle_release, Seconds(0));
    EXPECT_EQ(settings->tpm2.ak_type, attest::TpmKeyType::rsa);
    EXPECT_EQ(settings->tpm2.ak_handle, 0x81010002u);
    EXPECT_EQ(settings->tpm2.ak_certificates, "/etc/cloudtaser/ak.pem");
    EXPECT_EQ(settings->tpm2.ak_certificate_nv, 0x01c101d0u);
    EXPECT_FALSE(settings->tpm2.offer_ek);
    EXPECT_EQ(settings->tpm2.ek_type, attest::TpmKeyType::ecc);
    EXPECT_EQ(settings->tpm2.ek_handle, 0u);
    EXPECT_EQ(settings->tpm2.ek_certificates, "/etc/cloudtaser/ek.pem");
}

TEST(AttestdSettings, NameTheDevicesOfAConfidentialMachine) {
    const auto plain = parse("");
    ASSERT_TRUE(plain);
    for (const Use use : {plain->snp.use, plain->tdx.use, plain->nitro.use})
        EXPECT_EQ(use, Use::if_there);
    EXPECT_EQ(plain->snp.reports, "/sys/kernel/config/tsm/report");
    EXPECT_EQ(plain->snp.device, "/dev/sev-guest");
    EXPECT_EQ(plain->tdx.reports, plain->snp.reports);
    EXPECT_EQ(plain->tdx.device, "/dev/tdx_guest");
    ASSERT_TRUE(plain->tdx.quote_service);
    EXPECT_EQ(plain->tdx.quote_service->words(), "vsock:2:4050") << "the host's, at the port that Intel gives it";
    EXPECT_EQ(plain->nitro.device, "/dev/nsm");
    EXPECT_TRUE(plain->simulated_snp.empty() && plain->simulated_tdx.reports.empty() &&
                plain->simulated_tdx.device.empty() && plain->simulated_nitro.empty());

    const auto settings = parse(R"([sev-snp]
enabled = true
reports = "/r"
device = "/d"
vmpl = 2
[tdx]
enabled = false
reports = "/t"
device = "/g"
quote_service = "unix:/run/qgs"
[nitro]
enabled = "auto"
device = "/n"
[simulated-sev-snp]
reports = "/s"
[simulated-tdx]
reports = "/u"
[simulated-nitro]
device = "unix:/v"
)");
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_EQ(settings->snp.use, Use::yes);
    EXPECT_EQ(settings->snp.reports, "/r");
    EXPECT_EQ(settings->snp.device, "/d");
    EXPECT_EQ(settings->snp.vmpl, 2U);
    EXPECT_EQ(settings->tdx.use, Use::no);
    EXPECT_EQ(settings->tdx.reports, "/t");
    EXPECT_EQ(settings->tdx.device, "/g");
    EXPECT_EQ(settings->tdx.quote_service->socket, "/run/qgs");
    EXPECT_EQ(settings->nitro.device, "/n");
    EXPECT_EQ(settings->simulated_snp, "/s");
    EXPECT_EQ(settings->simulated_tdx.reports, "/u");
    EXPECT_EQ(settings->simulated_nitro, "/v");
}

TEST(AttestdSettings, NameWhoMakesTheQuotesOfATd) {
    EXPECT_FALSE(parse("[tdx]\nquote_service = ''\n")->tdx.quote_service) << "nobody";
    const auto other = parse("[tdx]\nquote_service = 'vsock:5:6'\n")->tdx.quote_service;
    ASSERT_TRUE(other);
    EXPECT_EQ(other->cid, 5U);
    EXPECT_EQ(other->port, 6U);
    const auto simulated = parse("[simulated-tdx]\ndevice = '/d'\nquote_service = 'unix:/q'\n");
    ASSERT_TRUE(simulated) << simulated.error().to_string();
    EXPECT_TRUE(simulated->simulated_tdx.reports.empty());
    EXPECT_EQ(simulated->simulated_tdx.device, "/d");
    EXPECT_EQ(simulated->simulated_tdx.quote_service->socket, "/q");
}

TEST(AttestdSettings, NameATpmOfItsOwnForEachSimulatedCloud) {
    EXPECT_TRUE(parse("")->simulated_azure_snp.tpm.tcti.empty());
    const auto settings = parse(R"([simulated-azure-snp]
tcti = "swtpm:path=/a"
event_log = "/log"
certificates = "/vcek.pem"
[simulated-azure-tdx]
tcti = "swtpm:path=/b"
quote = "/quote"
[simulated-gce-snp]
tcti = "swtpm:path=/c"
reports = "/reports"
)");
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_EQ(settings->simulated_azure_snp.tpm.tcti, "swtpm:path=/a");
    EXPECT_EQ(settings->simulated_azure_snp.tpm.event_log, "/log");
    EXPECT_EQ(settings->simulated_azure_snp.certificates, "/vcek.pem");
    EXPECT_EQ(settings->simulated_azure_tdx.tpm.tcti, "swtpm:path=/b");
    EXPECT_EQ(settings->simulated_azure_tdx.tpm.event_log, "") << "not that of this machine's own TPM";
    EXPECT_EQ(settings->simulated_azure_tdx.quote, "/quote");
    EXPECT_EQ(settings->simulated_gce_snp.tpm.tcti, "swtpm:path=/c");
    EXPECT_EQ(settings->simulated_gce_snp.reports, "/reports");
    EXPECT_EQ(settings->tpm2.tcti, "device:/dev/tpmrm0");
}

TEST(AttestdSettings, MakeOneDeviceOfEachKindThatIsEnabled) {
    const auto kinds = [](const std::string& text) {
        std::vector<std::string> out;
        for (const Device& device : devices_of(*parse(text)))
            out.push_back(std::string(device.collector->kind()) + (device.expected ? "!" : "") +
                          (device.simulated ? "?" : ""));
        return out;
    };
    using Words = std::vector<std::string>;
    EXPECT_EQ(kinds(""), (Words{"sev-snp", "tdx", "nitro", "tpm2"}));
    EXPECT_EQ(kinds("[tpm2]\nenabled = true\n[tdx]\nenabled = false\n"), (Words{"sev-snp", "nitro", "tpm2!"}));
    EXPECT_EQ(kinds("[simulated-sev-snp]\nreports = '/r'\n[simulated-tdx]\nreports = '/r'\n"
                    "[simulated-nitro]\ndevice = 'unix:/r'\n[tpm2]\nenabled = false\n"),
              (Words{"sev-snp", "tdx", "nitro", "simulated-sev-snp!?", "simulated-tdx!?", "simulated-nitro!?"}));
    EXPECT_EQ(kinds("[simulated-tdx]\ndevice = '/d'\nquote_service = 'unix:/q'\n"),
              (Words{"sev-snp", "tdx", "nitro", "tpm2", "simulated-tdx!?"}));
    EXPECT_EQ(kinds("[simulated-azure-snp]\ntcti = 'swtpm:path=/a'\n[simulated-azure-tdx]\ntcti = 'swtpm:path=/b'\n"
                    "quote = '/q'\n[simulated-gce-snp]\ntcti = 'swtpm:path=/c'\nreports = '/r'\n"),
              (Words{"sev-snp", "tdx", "nitro", "tpm2", "simulated-azure-snp!?", "simulated-azure-tdx!?",
                     "simulated-gce-snp!?"}));
    EXPECT_EQ(
        kinds("[azure-snp]\nenabled = true\n[azure-tdx]\nenabled = true\nquote = '/q'\n[gce-snp]\nenabled = true\n"),
        (Words{"azure-snp!", "azure-tdx!", "gce-snp!", "sev-snp", "tdx", "nitro", "tpm2"}));
    for (const Device& device : devices_of(*parse("[nitro]\ndevice = '/dev/null'\n[sev-snp]\ndevice = '/nothing'\n")))
        EXPECT_EQ(device.there(), device.collector->kind() == "nitro") << device.collector->kind();
}

TEST(AttestdSettings, CanLeaveTheTpmAlone) {
    const auto settings = parse("[tpm2]\nenabled = false\n");
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_EQ(settings->use_tpm2, Use::no);
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
             {"[snp]\n", 1},
             {"[sev-snp]\nenabled = \"maybe\"\n", 2},
             {"[sev-snp]\nenabled = 1\n", 2},
             {"[sev-snp]\nvmpl = 4\n", 2},
             {"[sev-snp]\nreports = \"\"\n", 2},
             {"[sev-snp]\ndevice = \"sev-guest\"\n", 2},
             {"[tdx]\ndevice = \"tdx_guest\"\n", 2},
             {"[tdx]\nquote_service = \"vsock:2\"\n", 2},
             {"[tdx]\nquote_service = 4050\n", 2},
             {"[nitro]\ndevice = \"unix:/run/nsm\"\n", 2},
             {"[azure-snp]\nquote = \"/q\"\n", 2},
             {"[azure-snp]\ncertificates = \"vcek.pem\"\n", 2},
             {"[azure-tdx]\nenabled = true\n", 1},
             {"[azure-tdx]\nenabled = \"auto\"\n", 2},
             {"[gce-snp]\ncertificates = \"/c\"\n", 2},
             {"[simulated-sev-snp]\n", 1},
             {"[simulated-tdx]\nenabled = true\n", 2},
             {"[simulated-tdx]\n", 1},
             {"[simulated-tdx]\nreports = \"/r\"\nquote_service = \"unix:/q\"\n", 3},
             {"[simulated-tdx]\ndevice = \"/d\"\nreports = \"/r\"\n", 3},
             {"[simulated-tdx]\ndevice = \"/d\"\n", 1},
             {"[simulated-tdx]\ndevice = \"/d\"\nquote_service = \"\"\n", 1},
             {"[simulated-nitro]\n", 1},
             {"[simulated-nitro]\ndevice = \"/dev/nsm\"\n", 2},
             {"[simulated-nitro]\ndevice = \"unix:relative\"\n", 2},
             {"[simulated-azure-snp]\n", 1},
             {"[simulated-azure-snp]\ntcti = \"\"\n", 2},
             {"[simulated-azure-snp]\ntcti = \"swtpm:path=/a\"\nevent_log = \"log\"\n", 3},
             {"[simulated-azure-snp]\ntcti = \"swtpm:path=/a\"\nquote = \"/q\"\n", 3},
             {"[simulated-azure-tdx]\ntcti = \"swtpm:path=/a\"\n", 1},
             {"[simulated-gce-snp]\nreports = \"/r\"\n", 1},
             {"[simulated-gce-snp]\ntcti = \"swtpm:path=/a\"\nreports = \"\"\n", 3},
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
