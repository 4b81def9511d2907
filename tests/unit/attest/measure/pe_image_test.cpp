// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/pe_image.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fd.h"
#include "codec/hex.h"
#include "support/pe_builder.h"
#include "support/process.h"

namespace ct::attest::measure {
namespace {

using test::PeBuilder;

PeBuilder some() {
    PeBuilder out;
    out.sections = {{".text", Bytes(700, 0xaa)}, {".linux", Bytes(513, 0xbb)}, {".bss", {}, 4096}};
    return out;
}

std::string digest(const Bytes& file) {
    return hex_encode(authenticode_digest(parse_pe(file).value(), crypto::Hash::sha256));
}

TEST(PeImage, HasItsSections) {
    const Bytes file = some().file();
    const auto image = parse_pe(file);
    ASSERT_TRUE(image) << image.error().to_string();
    ASSERT_EQ(image->sections.size(), 3U);
    EXPECT_EQ(image->find(".linux")->data.size(), 1024U);
    EXPECT_EQ(image->find(".linux")->size, 513U);
    EXPECT_TRUE(image->find(".bss")->data.empty());
    EXPECT_EQ(image->find(".initrd"), nullptr);
}

TEST(PeImage, WhatDoesNotFitIsRefused) {
    const Bytes sound = some().file();
    const auto refused = [](const Bytes& file) { return !parse_pe(file).has_value(); };
    for (std::size_t size = 0; size < 0x300; ++size)
        EXPECT_TRUE(refused({sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(size)})) << size;
    const auto bent = [&](std::size_t at, std::uint64_t value, std::size_t bytes) {
        Bytes file = sound;
        PeBuilder::put(file, at, value, bytes);
        return refused(file);
    };
    constexpr std::size_t kTable = PeBuilder::kOptional + 112 + 128;
    EXPECT_FALSE(bent(0, 0x5a4d, 2));
    EXPECT_TRUE(bent(0, 0x4d5a, 2));
    EXPECT_TRUE(bent(0x3c, 0xffffffff, 4));
    EXPECT_TRUE(bent(0x3c, sound.size() - 10, 4));
    EXPECT_TRUE(bent(PeBuilder::kPe, 0x4551, 4));
    EXPECT_TRUE(bent(PeBuilder::kPe + 6, 97, 2));
    EXPECT_TRUE(bent(PeBuilder::kPe + 6, 0xffff, 2));
    EXPECT_TRUE(bent(PeBuilder::kPe + 20, 111, 2));
    EXPECT_TRUE(bent(PeBuilder::kOptional, 0x10b, 2)) << "32 bits";
    EXPECT_TRUE(bent(PeBuilder::kOptional + 60, 10, 4)) << "sections' heads are outside the headers";
    EXPECT_TRUE(bent(PeBuilder::kOptional + 60, sound.size() + 1, 4));
    EXPECT_TRUE(bent(PeBuilder::kOptional + 108, 17, 4));
    EXPECT_TRUE(bent(PeBuilder::kOptional + 112 + 36, 8, 4)) << "certificates in the middle";
    EXPECT_TRUE(bent(kTable + 16, 0xffffffff, 4));
    EXPECT_TRUE(bent(kTable + 20, sound.size(), 4));
    EXPECT_TRUE(bent(kTable + 20, 0xffffffff, 4));
}

TEST(PeImage, ItsDigestLeavesOutChecksumAndCertificates) {
    PeBuilder builder = some();
    const Bytes plain = builder.file();
    builder.certificates = Bytes(64, 0xcc);
    const Bytes sealed = builder.file();
    EXPECT_EQ(digest(sealed), digest(plain));
    Bytes checked = plain;
    PeBuilder::put(checked, PeBuilder::kOptional + 64, 0, 4);
    EXPECT_EQ(digest(checked), digest(plain));
    for (const std::size_t at : {2UZ, 0x200UZ + 100, plain.size() - 1}) {
        Bytes other = plain;
        other[at] ^= 1;
        EXPECT_NE(digest(other), digest(plain)) << at;
    }
    builder.behind = Bytes(8, 1);
    EXPECT_NE(digest(builder.file()), digest(plain)) << "what lies behind the sections counts";
    PeBuilder few = some();
    few.directories = 2;
    EXPECT_FALSE(digest(few.file()).empty()) << "there is no entry to leave out";
}

// A second opinion: what osslsigncode says when it checks a signature of its own.
TEST(PeImage, ItsDigestIsThatOfASigningTool) {
    const std::string stub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
    const test::TempDir folder;
    if (!std::filesystem::exists("/usr/bin/osslsigncode") || !std::filesystem::exists(stub))
        GTEST_SKIP() << "feature: osslsigncode and systemd-boot-efi";
    const auto key = test::run({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t",
                                         "-days", "1", "-keyout", folder.file("key"), "-out", folder.file("crt")}});
    ASSERT_EQ(key.code, 0) << key.output;
    const auto made = test::run({.argv = {"osslsigncode", "sign", "-h", "sha256", "-certs", folder.file("crt"), "-key",
                                          folder.file("key"), "-in", stub, "-out", folder.file("signed")}});
    ASSERT_EQ(made.code, 0) << made.output;
    std::string said = test::run({.argv = {"osslsigncode", "verify", "-in", folder.file("signed")}}).output;
    const std::string label = "Calculated message digest : ";
    const auto at = said.find(label);
    ASSERT_NE(at, std::string::npos) << said;
    const Bytes expected = hex_decode(said.substr(at + label.size(), 64), 32).value();
    const std::string bytes = read_file(folder.file("signed"), kMostImage).value();
    EXPECT_EQ(authenticode_digest(parse_pe(as_bytes(bytes)).value(), crypto::Hash::sha256), expected);
}

}  // namespace
}  // namespace ct::attest::measure
