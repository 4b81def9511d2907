// SPDX-License-Identifier: Apache-2.0
// The digests that are expected here are those of the public tool sev-snp-measure 0.0.13 for the same inputs.
#include "attest/measure/snp_launch.h"

#include <gtest/gtest.h>

#include "base/fd.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/firmware_builder.h"

namespace ct::attest::measure {
namespace {

using test::FirmwareBuilder;

std::string digest_of(const SnpLaunch& launch) {
    const auto digest = snp_launch_digest(launch);
    EXPECT_TRUE(digest) << digest.error().to_string();
    return digest ? hex_encode(*digest) : "";
}

TEST(SnpLaunch, DigestsAreThoseOfThePublicTool) {
    const Bytes image = FirmwareBuilder{}.image();
    const Firmware firmware = parse_firmware(image).value();
    const std::uint32_t milan = cpu_signature("EPYC-Milan").value(), v4 = cpu_signature("EPYC-v4").value();
    const Bytes kernel = to_vector(as_bytes("a kernel")), initrd = to_vector(as_bytes("an initrd"));
    const DirectBoot whole{kernel, initrd, "console=ttyS0 loglevel=7"}, bare{kernel, {}, ""};
    const struct {
        SnpLaunch launch;
        const char* digest;
    } rows[] = {
        {{firmware, 1, milan},
         "7cc4aba4f42a7d3d97d55a2d4f24a4c0533d403d2877eb50f31b62fa5980a340d1139c3f94022c3ecf202f5ac2170309"},
        {{firmware, 4, milan},
         "1a251e4a47cf220eebf27b4da64f613db0ef7bd854c2ffa3ccd8d8b6b6dbeb4e1bad7b996e4685cd606b544b013e6801"},
        {{firmware, 4, v4},
         "fd7d24def8fc9e772bb98113c5e882d4952fc3f8a352ed860f46ed97af14350e7640873573391cd57784dfddbc7f6d92"},
        {{firmware, 2, milan, 0x21},
         "af0e40d299547c076877288169ae353db8bd1ab3fcdb00453e82918f26d7a43876f48890fcf3d9a59faf70badbddcb70"},
        {{firmware, 2, milan, 1, Hypervisor::ec2},
         "a77f44f4cd083d9ae805d854b2c9bf7ffd3a015ccf2369e96a5a3388a9fb8e629c63e7279bcfc35be8b1dfcf45fbba23"},
        {{firmware, 2, milan, 1, Hypervisor::gce},
         "bd6bd5915595adf3deaf8f7a019ba101e079595aea4cc447de9ecc6e0ef363563441df7e8a4b53924fe6b5d698f03baf"},
        {{firmware, 2, milan, 1, Hypervisor::qemu, whole},
         "42be5f2c760bfb6b7ba6ac5ecb9c9b94d6c1876ede31325944d4f23fd0d723a9c0b96cb0ada40685b9a313af4d3d5267"},
        {{firmware, 2, milan, 1, Hypervisor::qemu, bare},
         "0833ac52bbaf74d58f5ed8adaebe3a9af435de8aba7dea5514c23979a318db53e9acb1277bf6943488c33ecd6d3abe99"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(digest_of(row.launch), row.digest);
}

TEST(SnpLaunch, OfDebiansFirmwareIsThatOfThePublicTool) {
    const auto image = read_file("/usr/share/ovmf/OVMF.fd", kMostFirmware);
    if (!image || hex_encode(crypto::sha256(as_bytes(*image))) !=
                      "7b456907dd0786d415999e801a1ac4637b8ed4d7cf5378cfc6edbe5e574dd773")
        GTEST_SKIP() << "feature: Debian's ovmf 2022.11-6+deb12u2";
    const Firmware firmware = parse_firmware(as_bytes(*image)).value();
    EXPECT_EQ(digest_of({firmware, 2, cpu_signature("EPYC-Milan").value()}),
              "a175292a4a09fcfb760c5bd80c93ed667dbaafce6247d0f21fc06638658b3ebf2804d3019e2abed05cb6a9efe0a7464e");
    EXPECT_EQ(firmware.sev.size(), 5U);
    EXPECT_FALSE(firmware.tdx.empty());
}

TEST(SnpLaunch, WhatCantBeLaunchedHasNoDigest) {
    const Bytes kernel = {1};
    const auto refused = [](const FirmwareBuilder& builder, unsigned processors, std::optional<DirectBoot> boot) {
        const Bytes image = builder.image();
        const auto firmware = parse_firmware(image);
        ASSERT_TRUE(firmware) << firmware.error().to_string();
        const auto digest = snp_launch_digest({*firmware, processors, 1, 1, Hypervisor::qemu, boot});
        ASSERT_FALSE(digest);
        EXPECT_EQ(digest.error().reason, Reason::invalid_argument);
    };
    FirmwareBuilder builder;
    refused(builder, 0, {});
    refused(builder, kMostProcessors + 1, {});
    builder.sev.pop_back();
    refused(builder, 1, DirectBoot{kernel, {}, ""});
    builder.sev.clear();
    refused(builder, 1, {});
    for (const std::uint32_t table : {0U, 0x811000U, 0x810fffU}) {
        FirmwareBuilder other;
        other.hash_table = table;
        refused(other, 1, DirectBoot{kernel, {}, ""});
    }
}

TEST(SnpLaunch, KnowsModelsByTheirNamesInQemu) {
    EXPECT_EQ(cpu_signature("EPYC-Genoa-v1"), 0xa10f10U);
    EXPECT_EQ(cpu_signature("EPYC"), cpu_signature("EPYC-v4"));
    for (const char* model : {"", "EPYC-", "EPYC-v", "EPYC-v0", "EPYC-Milan-v22", "Opteron", "-v1"})
        EXPECT_FALSE(cpu_signature(model)) << model;
    EXPECT_EQ(hypervisor_from("ec2"), Hypervisor::ec2);
    EXPECT_FALSE(hypervisor_from("xen"));
}

TEST(FirmwareImage, WithoutATableHasNothing) {
    const Bytes zeros(4096);
    const auto firmware = parse_firmware(zeros);
    ASSERT_TRUE(firmware);
    EXPECT_TRUE(firmware->sev.empty() && firmware->tdx.empty() && !firmware->reset_eip && !firmware->hash_table_gpa);
    EXPECT_EQ(firmware->gpa(), 0xfffff000U);
}

TEST(FirmwareImage, IsReadOnlyWhenEverythingInItFits) {
    const auto reason = [](const Bytes& image) {
        const auto firmware = parse_firmware(image);
        return firmware ? std::string("parsed") : std::string(to_string(firmware.error().reason));
    };
    EXPECT_EQ(reason({}), "malformed");
    EXPECT_EQ(reason(Bytes(4097)), "malformed");
    EXPECT_EQ(reason(Bytes(kMostFirmware + 4096)), "too_large");
    EXPECT_EQ(reason(FirmwareBuilder{}.image()), "parsed");
    const auto bent = [&](auto bend) {
        FirmwareBuilder builder;
        bend(builder);
        return reason(builder.image());
    };
    EXPECT_EQ(bent([](auto& b) { b.sev_magic = "ASEW"; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.tdx_magic = "TDVE"; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.version = 2; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.sev[0].type = 5; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.sev[0].gpa = 0x800001; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.sev[0].size = 0; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.sev[0].size = 0xfffff000; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.sev[1].size = 0x2000; }), "malformed") << "secrets are one page";
    EXPECT_EQ(bent([](auto& b) { b.sev.resize(65, b.sev[0]); }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.tdx[0].offset = 8193; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.tdx[0].data_size = 8192; }), "malformed") << "more data than memory";
    EXPECT_EQ(bent([](auto& b) { b.tdx[0].offset = 0xffffffff; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.tdx[2].size = 1ULL << 40; }), "malformed");
    EXPECT_EQ(bent([](auto& b) { b.tdx[2].type = 7; }), "malformed");
    // Any size of any entry of the table, and where the metadata are said to be.
    const Bytes sound = FirmwareBuilder{}.image();
    for (std::size_t at = sound.size() - 32 - 200; at < sound.size() - 32; ++at)
        for (const int value : {0, 1, 0x7f, 0xff}) {
            Bytes image = sound;
            image[at] = static_cast<std::uint8_t>(value);
            static_cast<void>(parse_firmware(image));  // whatever it says, without a step outside
        }
}

}  // namespace
}  // namespace ct::attest::measure
