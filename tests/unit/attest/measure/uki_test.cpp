// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/uki.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fd.h"
#include "codec/hex.h"
#include "support/pe_builder.h"
#include "support/process.h"

namespace ct::attest::measure {
namespace {

using test::PeBuilder;

Bytes text(std::string_view words) { return to_vector(as_bytes(words)); }

PeBuilder uki(std::string_view version = "252.39-1") {
    PeBuilder out;
    out.sections = {{".sdmagic", text("#### LoaderInfo: systemd-stub " + std::string(version) + " ####")},
                    {".sbat", text("sbat,1\n")},
                    {".cmdline", text("root=/dev/sda ro")},
                    {".linux", Bytes(5000, 0x11)},
                    {".initrd", Bytes(700, 0x22)}};
    return out;
}

Bytes pcr(const PeBuilder& builder) {
    const Bytes file = builder.file();
    const auto image = parse_pe(file);
    EXPECT_TRUE(image) << image.error().to_string();
    const auto phases = uki_pcr11(*image, crypto::Hash::sha256);
    EXPECT_TRUE(phases) << phases.error().to_string();
    return phases ? phases->front().value : Bytes{};
}

std::vector<std::string> measured(const PeBuilder& builder) {
    const Bytes file = builder.file();
    const PeImage image = parse_pe(file).value();
    std::vector<std::string> out;
    const auto sections = measured_sections(image).value();
    for (const PeSection* section : sections)
        out.emplace_back(section->name);
    return out;
}

TEST(Uki, SectionsAreMeasuredInTheOrderOfTheStubAndByItsRelease) {
    PeBuilder builder = uki();
    builder.sections.push_back({".uname", text("6.1")});
    builder.sections.push_back({".pcrsig", text("{}")});
    builder.sections.push_back({".pcrpkey", text("key")});
    builder.sections.push_back({".ucode", text("code")});
    EXPECT_EQ(measured(builder), (std::vector<std::string>{".linux", ".cmdline", ".initrd", ".pcrpkey"}));
    builder.sections[0] = uki("254~rc1").sections[0];
    EXPECT_EQ(measured(builder),
              (std::vector<std::string>{".linux", ".cmdline", ".initrd", ".uname", ".sbat", ".pcrpkey"}));
    builder.sections[0] = uki("257.5").sections[0];
    EXPECT_EQ(measured(builder),
              (std::vector<std::string>{".linux", ".cmdline", ".initrd", ".ucode", ".uname", ".sbat", ".pcrpkey"}));
}

TEST(Uki, WhatIsBehindTheFilesBytesInMemoryIsZero) {
    PeBuilder small = uki();
    small.sections[4].data.resize(1024);
    PeBuilder large = uki();
    large.sections[4].size = 1024;
    EXPECT_EQ(pcr(small), pcr(large));
    large.sections[4].size = 9000;
    EXPECT_NE(pcr(small), pcr(large));
}

TEST(Uki, EveryMeasuredByteCounts) {
    const Bytes sound = pcr(uki());
    for (std::size_t i = 2; i < 5; ++i) {
        PeBuilder bent = uki();
        bent.sections[i].data.back() ^= 1;
        EXPECT_NE(pcr(bent), sound) << bent.sections[i].name;
    }
    PeBuilder padding = uki();
    padding.sections[1].data.back() ^= 1;
    EXPECT_EQ(pcr(padding), sound) << "this stub does not measure .sbat";
}

TEST(Uki, AnInitrdWithoutSystemdHasNoPhases) {
    const Bytes file = uki().file();
    const auto image = parse_pe(file);
    ASSERT_TRUE(image);
    const auto whole = uki_pcr11(*image, crypto::Hash::sha256),
               plain = uki_pcr11(*image, crypto::Hash::sha256, Initrd::other);
    ASSERT_TRUE(whole && plain);
    EXPECT_EQ(whole->back().phase, "enter-initrd:leave-initrd:sysinit:ready");
    EXPECT_EQ(plain->back().phase, "sysinit:ready");
    EXPECT_EQ(plain->front().value, whole->front().value);
    Bytes value = plain->front().value;
    for (const char* word : {"sysinit", "ready"})
        value = crypto::digest(crypto::Hash::sha256, {value, crypto::sha256(as_bytes(word))});
    EXPECT_EQ(plain->back().value, value);
}

TEST(Uki, WhatCantBeToldIsNotGuessed) {
    const auto reason = [](const PeBuilder& builder) {
        const Bytes file = builder.file();
        const auto phases = uki_pcr11(parse_pe(file).value(), crypto::Hash::sha256);
        return phases ? Reason::internal : phases.error().reason;
    };
    for (const char* version : {"251", "253", "x", "249.11"})
        EXPECT_EQ(reason(uki(version)), Reason::unsupported) << version;
    PeBuilder other = uki();
    other.sections.erase(other.sections.begin());
    EXPECT_EQ(reason(other), Reason::unsupported) << "another stub, or none";
    for (const char* name : {".profile", ".dtbauto", ".hwids", ".efifw", ".linux"}) {
        PeBuilder more = uki("258");
        more.sections.push_back({name, text("x")});
        EXPECT_EQ(reason(more), Reason::invalid_argument) << name;
    }
    PeBuilder empty = uki();
    empty.sections.erase(empty.sections.begin() + 3);
    EXPECT_EQ(reason(empty), Reason::invalid_argument) << "no kernel";
    PeBuilder huge = uki();
    huge.sections[4].size = 0x7fffffff;
    EXPECT_EQ(reason(huge), Reason::too_large);
}

// The real stub, put together as distributions do, and the word of systemd's own tool.
TEST(Uki, Pcr11IsThatOfSystemdMeasure) {
    const std::string stub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub", tool = "/usr/lib/systemd/systemd-measure";
    if (!std::filesystem::exists(stub) || !std::filesystem::exists(tool) ||
        !std::filesystem::exists("/usr/bin/objcopy"))
        GTEST_SKIP() << "feature: systemd-boot-efi, systemd-measure and objcopy";
    const test::TempDir folder;
    const std::vector<std::pair<std::string, std::string>> parts = {{"linux", std::string(123457, 'k')},
                                                                    {"osrel", "ID=debian\n"},
                                                                    {"cmdline", "root=/dev/sda ro"},
                                                                    {"initrd", std::string(5001, 'i')}};
    std::vector<std::string> objcopy = {"objcopy"}, calculate = {tool, "calculate", "--bank=sha256"};
    int address = 0x2000000;
    for (const auto& [name, content] : parts) {
        const std::string file = folder.write(name, content);
        objcopy.insert(objcopy.end(), {"--add-section", "." + name + "=" + file, "--change-section-vma",
                                       "." + name + "=" + std::to_string(address += 0x1000000)});
        calculate.push_back("--" + name + "=" + file);
    }
    objcopy.insert(objcopy.end(), {stub, folder.file("uki")});
    ASSERT_EQ(test::run({.argv = objcopy}).code, 0);
    const std::string bytes = read_file(folder.file("uki"), kMostImage).value();
    const PeImage image = parse_pe(as_bytes(bytes)).value();
    ASSERT_NE(stub_version(image), 0U);
    if (stub_version(image) >= 254)  // measures sections that only the stub's own file has
        for (const char* name : {"uname", "sbat"})
            if (const PeSection* section = image.find("." + std::string(name)))
                calculate.push_back("--" + std::string(name) + "=" +
                                    folder.write(name, as_text(section->data.first(section->size))));
    const auto phases = uki_pcr11(image, crypto::Hash::sha256);
    ASSERT_TRUE(phases) << phases.error().to_string();
    const std::string said = test::run({.argv = calculate}).output;
    ASSERT_EQ(phases->size(), 5U);
    for (std::size_t i = 1; i < phases->size(); ++i)
        EXPECT_NE(said.find("11:sha256=" + hex_encode(phases->at(i).value)), std::string::npos)
            << phases->at(i).phase << "\n"
            << said;
}

}  // namespace
}  // namespace ct::attest::measure
