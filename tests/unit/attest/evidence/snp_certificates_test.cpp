// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_certificates.h"

#include <gtest/gtest.h>

#include "support/simulated_snp.h"

namespace ct::attest::snp {
namespace {

namespace guid = test::guid;
using test::certificate_table;

const Bytes kVcek(10, 0xc1), kVlek(11, 0xc2), kAsk(12, 0xc3), kArk(13, 0xc4), kOther(14, 0xc5);
constexpr std::size_t kEntry = 24, kOffset = 16, kSize = 20;

Bytes put(Bytes table, std::size_t at, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i)
        table[at + i] = static_cast<std::uint8_t>(number >> (8 * i));
    return table;
}

TEST(SnpCertificates, AreFoundByTheirGuids) {
    const Bytes table = certificate_table({{guid::kArk, kArk},
                                           {guid::kVlek, kVlek},
                                           {"ecae0c0f-9502-43b1-afa2-0ae2e0d565b6", kOther},
                                           {guid::kCrl, kOther},
                                           {guid::kAsk, kAsk},
                                           {guid::kVcek, kVcek}});
    const auto found = parse_certificates(table);
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(to_vector(found->vcek), kVcek);
    EXPECT_EQ(to_vector(found->vlek), kVlek);
    EXPECT_EQ(to_vector(found->ask), kAsk);
    EXPECT_EQ(to_vector(found->ark), kArk);
}

TEST(SnpCertificates, AreNoneWhereTheHostGivesNone) {
    for (const Bytes& table : {Bytes(), Bytes(kEntry), Bytes(16UZ << 10), certificate_table({}),
                               certificate_table({{guid::kCrl, kOther}})}) {
        const auto found = parse_certificates(table);
        ASSERT_TRUE(found) << found.error().to_string();
        EXPECT_TRUE(found->vcek.empty() && found->vlek.empty() && found->ask.empty() && found->ark.empty());
    }
}

TEST(SnpCertificates, MayLieAnywhereInTheTable) {
    Bytes table = certificate_table({{guid::kVcek, kVcek}});
    table.resize(kCertificateTable, 0);
    const auto padded = parse_certificates(table);
    ASSERT_TRUE(padded);
    EXPECT_EQ(to_vector(padded->vcek), kVcek);
    table = put(put(table, kOffset, kCertificateTable - 1), kSize, 1);
    ASSERT_TRUE(parse_certificates(table));
    EXPECT_EQ(parse_certificates(table)->vcek.size(), 1U);
}

TEST(SnpCertificates, AreRefusedWhereTheTableDoesNotHold) {
    const Bytes sound = certificate_table({{guid::kVcek, kVcek}, {guid::kAsk, kAsk}});
    const auto size = static_cast<std::uint32_t>(sound.size());
    const Bytes cut(sound.begin(), sound.begin() + 2 * kEntry);
    const struct {
        const char* what;
        Bytes table;
    } cases[] = {
        {"no end", cut},
        {"an end cut short", Bytes(sound.begin(), sound.begin() + 3 * kEntry - 1)},
        {"half an entry", Bytes(sound.begin(), sound.begin() + 12)},
        {"begins after the end", put(sound, kOffset, size + 1)},
        {"ends after the end", put(sound, kSize, size)},
        {"wraps around", put(put(sound, kOffset, 8), kSize, 0xffffffff)},
        {"far away", put(sound, kOffset, 0xffffffff)},
        {"twice", certificate_table({{guid::kVcek, kVcek}, {guid::kVcek, kVcek}})},
        {"another kind, outside", put(certificate_table({{guid::kCrl, kOther}}), kSize, 1000)},
    };
    for (const auto& [what, table] : cases) {
        const auto found = parse_certificates(table);
        ASSERT_FALSE(found) << what;
        EXPECT_EQ(found.error().reason, Reason::evidence_malformed) << what;
    }
    EXPECT_EQ(parse_certificates(Bytes(kCertificateTable + 1)).error().reason, Reason::evidence_too_large);
}

}  // namespace
}  // namespace ct::attest::snp
