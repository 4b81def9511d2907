// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/gpt.h"

#include <gtest/gtest.h>

#include "attest/evidence/event_log.h"
#include "codec/hex.h"
#include "support/pe_builder.h"
#include "support/vectors.h"

namespace ct::attest::measure {
namespace {

// A table of sfdisk's: two partitions, 128 entries.
constexpr const char* kHeader =
    "4546492050415254000001005c00000016ec21c9000000000100000000000000ff1f0000000000002200000000000000de1f000000000000"
    "1a8d9e6f432c7a4b9e650d3b5a7f1c2002000000000000008000000080000000222b30b2";
constexpr const char* kFirst =
    "28732ac11ff8d211ba4b00a0c93ec93b111111112222333344445555555555550008000000000000ff0f0000000000000000000000000000"
    "62006f006f007400";
constexpr const char* kSecond =
    "af3dc60f838472478e793d69d8477de466666666777788889999aaaaaaaaaaaa0010000000000000ff170000000000000000000000000000"
    "72006f006f007400";
constexpr std::size_t kBlock = 512, kEntry = 128, kEntries = 128;

Bytes hex(const char* text) { return hex_decode(text, kEntry).value(); }

// The beginning of a disk; entries where its blocks put them.
Bytes disk(std::size_t block = kBlock) {
    Bytes out(2 * block + kEntries * kEntry + 512);
    std::ranges::copy(hex(kHeader), out.begin() + static_cast<std::ptrdiff_t>(block));
    std::ranges::copy(hex(kFirst), out.begin() + static_cast<std::ptrdiff_t>(2 * block));
    std::ranges::copy(hex(kSecond), out.begin() + static_cast<std::ptrdiff_t>(2 * block + kEntry));
    return out;
}

TEST(Gpt, IsMeasuredAsItsHeaderAndTheEntriesInUse) {
    Bytes expected = hex(kHeader);
    append(expected, Bytes{2, 0, 0, 0, 0, 0, 0, 0});
    for (const char* entry : {kFirst, kSecond}) {
        Bytes whole = hex(entry);
        whole.resize(kEntry);
        append(expected, whole);
    }
    for (const std::size_t block : {512UZ, 4096UZ}) {
        const auto event = gpt_event(disk(block));
        ASSERT_TRUE(event) << event.error().to_string();
        EXPECT_EQ(hex_encode(*event), hex_encode(expected)) << block;
    }
}

TEST(Gpt, OneThatFirmwareWouldNotTakeIsRefused) {
    const Bytes sound = disk();
    ASSERT_TRUE(gpt_event(sound));
    // Every byte of the header, and of the entries, in use or not.
    for (std::size_t at = kBlock; at < kBlock + 92; ++at) {
        Bytes bent = sound;
        bent[at] ^= 1;
        EXPECT_FALSE(gpt_event(bent)) << at;
    }
    for (std::size_t at = 2 * kBlock; at < 2 * kBlock + kEntries * kEntry; at += 61) {
        Bytes bent = sound;
        bent[at] ^= 1;
        EXPECT_FALSE(gpt_event(bent)) << at;
    }
    for (std::size_t size = 0; size < 2 * kBlock + kEntries * kEntry; size += 97)
        EXPECT_FALSE(gpt_event(ByteView(sound).first(size))) << size;
}

// What firmware of a real TD wrote into its log has this form.
TEST(GptVectors, AreOfThisForm) {
    CT_NEEDS_VECTORS();
    const Bytes log = test::read_vector("tdx/spr-v4-gcp-cos113.ccel.bin");
    auto reader = tpm::EventLogReader::open(log, crypto::Hash::sha384);
    ASSERT_TRUE(reader);
    ByteView logged;
    for (auto event = reader->next(); event && *event; event = reader->next()) {
        constexpr std::uint32_t gpt = 0x80000006;
        if ((*event)->type == gpt) logged = (*event)->data;
    }
    ASSERT_GT(logged.size(), 100U);
    // The disk that it is of, as far as the log tells: it has no entries but these, which come first.
    const std::size_t entries_at = 2 * kBlock;
    Bytes head(entries_at + kEntries * kEntry);
    std::ranges::copy(logged.first(92), head.begin() + kBlock);
    std::ranges::copy(logged.subspan(100), head.begin() + static_cast<std::ptrdiff_t>(entries_at));
    const auto event = gpt_event(head);
    ASSERT_TRUE(event) << event.error().to_string();
    EXPECT_EQ(hex_encode(*event), hex_encode(logged));
}

}  // namespace
}  // namespace ct::attest::measure
