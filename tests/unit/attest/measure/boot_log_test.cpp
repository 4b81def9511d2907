// SPDX-License-Identifier: Apache-2.0
// That real machines end with these values is shown in tests/vm/measure_test.cpp, for TPMs, and here for a TD.
#include "attest/measure/boot_log.h"

#include <gtest/gtest.h>

#include "attest/evidence/event_log.h"
#include "attest/evidence/tdx_quote.h"
#include "codec/hex.h"
#include "support/pe_builder.h"
#include "support/vectors.h"

namespace ct::attest::measure {
namespace {

using crypto::Hash;
using test::PeBuilder;

Bytes text(std::string_view words) { return to_vector(as_bytes(words)); }

// The chain of these, each hashed first.
Bytes chain(Hash bank, std::initializer_list<Bytes> measured) {
    Bytes value(crypto::digest_size(bank));
    for (const Bytes& one : measured)
        value = crypto::digest(bank, {value, crypto::digest(bank, {one})});
    return value;
}
const Bytes kCalling = text("Calling EFI Application from Boot Option"), kSeparator(4),
            kExit = text("Exit Boot Services Invocation"), kExited = text("Exit Boot Services Returned with Success"),
            kFirst = text("first"), kSecond = text("second"), kTable = text("table");

std::vector<Bytes> images(Hash bank) { return {crypto::digest(bank, {kFirst}), crypto::digest(bank, {kSecond})}; }

TEST(BootLog, FromADisk) {
    for (const Hash bank : {Hash::sha256, Hash::sha384}) {
        const BootLog log = boot_from_disk(images(bank), kTable, bank);
        EXPECT_EQ(log.pcr(4), chain(bank, {kCalling, kSeparator, kFirst, kSecond}));
        EXPECT_EQ(log.pcr(5), chain(bank, {kSeparator, kTable, kExit, kExited}));
        EXPECT_EQ(log.pcr(9), Bytes(crypto::digest_size(bank)));
        EXPECT_EQ(log.rtmr(1), chain(bank, {kCalling, kSeparator, kTable, kFirst, kSecond, kExit, kExited}));
        EXPECT_EQ(log.rtmr(2), Bytes(crypto::digest_size(bank)));
        EXPECT_EQ(boot_from_disk(images(bank), std::nullopt, bank).pcr(5), chain(bank, {kSeparator, kExit, kExited}));
    }
}

TEST(BootLog, FromQemuWhoseImageIsLoadedBeforeFirmwareDeclaresTheBoot) {
    const Bytes options = text("options"), initrd = text("initrd");
    for (const Hash bank : {Hash::sha256, Hash::sha384}) {
        const BootLog log = boot_from_qemu(images(bank), KernelInput{options, initrd}, bank);
        EXPECT_EQ(log.pcr(4), chain(bank, {kFirst, kCalling, kSeparator, kSecond}));
        EXPECT_EQ(log.pcr(5), chain(bank, {kSeparator, kExit, kExited}));
        EXPECT_EQ(log.pcr(9), chain(bank, {options, initrd}));
        EXPECT_EQ(log.rtmr(1), chain(bank, {kFirst, kCalling, kSeparator, kSecond, kExit, kExited}));
        EXPECT_EQ(log.rtmr(2), log.pcr(9));
        EXPECT_EQ(boot_from_qemu(images(bank), KernelInput{{}, initrd}, bank).pcr(9), chain(bank, {initrd}));
        EXPECT_EQ(boot_from_qemu(images(bank), KernelInput{options, {}}, bank).pcr(9), chain(bank, {options}));
    }
}

// A TD of a cloud: the images' digests and the table are the log's, the rest is ours, and the value is what the CPU signed.
TEST(BootLogVectors, Rtmr1OfARealTd) {
    CT_NEEDS_VECTORS();
    const Bytes quote = test::read_vector("tdx/spr-v4-gcp-cos113.quote.bin");
    const auto td = tdx::parse_quote(quote);
    ASSERT_TRUE(td);
    const Bytes bytes = test::read_vector("tdx/spr-v4-gcp-cos113.ccel.bin");
    auto reader = tpm::EventLogReader::open(bytes, Hash::sha384);
    ASSERT_TRUE(reader);
    std::vector<Bytes> applications;
    Bytes table;
    for (auto event = reader->next(); event && *event; event = reader->next()) {
        constexpr std::uint32_t application = 0x80000003, gpt = 0x80000006;
        if ((*event)->type == application) applications.push_back(to_vector((*event)->digest));
        if ((*event)->type == gpt) table = to_vector((*event)->data);
    }
    ASSERT_EQ(applications.size(), 2U) << "shim and GRUB";
    const BootLog log = boot_from_disk(applications, table, Hash::sha384);
    EXPECT_EQ(hex_encode(log.rtmr(1)), hex_encode(td->td.rtmr[1]));
    EXPECT_NE(hex_encode(boot_from_qemu(applications, std::nullopt, Hash::sha384).rtmr(1)), hex_encode(td->td.rtmr[1]));
}

PeBuilder kernel() {
    PeBuilder out;
    out.sections = {{".text", Bytes(512, 0x33)}};
    return out;
}
PeBuilder uki(const std::string& release) {
    PeBuilder out;
    out.sections = {{".sdmagic", text("#### LoaderInfo: systemd-stub " + release + " ####")},
                    {".linux", kernel().file()}};
    return out;
}

TEST(StartedImages, AreTheImageAndTheKernelThatItsStubLoads) {
    const auto started = [](const PeBuilder& builder, SecureBoot secure_boot) {
        const Bytes file = builder.file();
        return started_images(parse_pe(file).value(), secure_boot, Hash::sha256);
    };
    const auto digest = [](const PeBuilder& builder) {
        const Bytes file = builder.file();
        return authenticode_digest(parse_pe(file).value(), Hash::sha256);
    };
    EXPECT_EQ(started(kernel(), SecureBoot::off).value(), std::vector<Bytes>{digest(kernel())});
    for (const char* release : {"252.39-1", "257.8"})
        EXPECT_EQ(started(uki(release), SecureBoot::off).value(),
                  (std::vector<Bytes>{digest(uki(release)), digest(kernel())}));
    EXPECT_EQ(started(uki("252"), SecureBoot::on).value(), std::vector<Bytes>{digest(uki("252"))});
    EXPECT_EQ(started(uki("254"), SecureBoot::on).error().reason, Reason::unsupported);
    for (const char* release : {"251", "258.1", "x"})
        EXPECT_EQ(started(uki(release), SecureBoot::off).error().reason, Reason::unsupported) << release;
    PeBuilder none = uki("252");
    none.sections[1].data = text("no kernel");
    EXPECT_EQ(started(none, SecureBoot::off).error().reason, Reason::malformed);
    PeBuilder longer = uki("252");
    longer.sections[1].size = 1 << 20;
    EXPECT_EQ(started(longer, SecureBoot::off).error().reason, Reason::unsupported);
}

TEST(KernelStub, MeasuresWhatItsWordsSay) {
    const auto is = [](const std::string& content, auto check) {
        PeBuilder builder = kernel();
        append(builder.sections[0].data, text(content));
        const Bytes file = builder.file();
        return check(parse_pe(file).value());
    };
    EXPECT_TRUE(is("Linux initrd LOADED_IMAGE::LoadOptions", measures_its_input));
    EXPECT_FALSE(is("Linux initrd", measures_its_input)) << "a stub that measures the initrd alone";
    EXPECT_FALSE(is("LOADED_IMAGE::LoadOptions", measures_its_input));
    const std::string first = "\x3d\x1a\x75\x96\xf4\x72\xa6\x41", second = "\xa7\x94\xed\x5d\x0e\x67\xae\x6b";
    EXPECT_TRUE(is(first + second, measures_in_tds));
    EXPECT_TRUE(is(first + "code" + second, measures_in_tds));
    EXPECT_FALSE(is(first, measures_in_tds));
    EXPECT_FALSE(is("", measures_in_tds));
}

}  // namespace
}  // namespace ct::attest::measure
