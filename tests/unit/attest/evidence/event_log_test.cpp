// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/event_log.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/limits.h"
#include "codec/hex.h"
#include "support/tpm_builder.h"
#include "support/vectors.h"

namespace ct::attest::tpm {
namespace {

using test::ByteBuilder;
using test::EventLogBuilder;

Sha256 digest_of(std::uint8_t value) {
    Sha256 out;
    out.fill(value);
    return out;
}

std::string pcr(const PcrBank& bank, unsigned index) { return hex_encode(bank.value(index)); }

TEST(EventLog, WithoutEventsLeavesThePcrsOfAReset) {
    const auto bank = replay(EventLogBuilder{}.bytes(), crypto::Hash::sha256);
    ASSERT_TRUE(bank) << bank.error().to_string();
    for (unsigned i = 0; i < kPcrs; ++i) {
        EXPECT_EQ(pcr(*bank, i), std::string(64, i >= 17 && i <= 22 ? 'f' : '0')) << "PCR " << i;
    }
}

TEST(EventLog, ExtendsInOrder) {
    const auto bank = replay(EventLogBuilder{}.event(4, 1, digest_of(1), "a").event(4, 1, digest_of(2), "b").bytes(),
                             crypto::Hash::sha256);
    ASSERT_TRUE(bank) << bank.error().to_string();
    const Bytes first = crypto::digest(crypto::Hash::sha256, {Bytes(32), digest_of(1)});
    EXPECT_EQ(to_vector(bank->value(4)), crypto::digest(crypto::Hash::sha256, {first, digest_of(2)}));
    EXPECT_EQ(pcr(*bank, 5), std::string(64, '0'));
}

TEST(EventLog, LeavesOutDigestsOfAlgorithmsThatItDoesNotKnow) {
    constexpr std::uint16_t sha256 = 0x000b, sm3 = 0x0012;
    Bytes log = EventLogBuilder::header({{sm3, 32}, {sha256, 32}});
    ByteBuilder event;
    event.le32(4).le32(1).le32(2).le16(sm3).raw(Bytes(32, 7)).le16(sha256).raw(Bytes(32, 1)).le32(0);
    append(log, Bytes(event));
    const auto bank = replay(log, crypto::Hash::sha256);
    ASSERT_TRUE(bank) << bank.error().to_string();
    EXPECT_EQ(to_vector(bank->value(4)), crypto::digest(crypto::Hash::sha256, {Bytes(32), Bytes(32, 1)}));
}

TEST(EventLog, DoesNotExtendNoActionEvents) {
    const auto bank =
        replay(EventLogBuilder{}.event(4, kEventNoAction, digest_of(1), "x").bytes(), crypto::Hash::sha256);
    ASSERT_TRUE(bank);
    EXPECT_EQ(pcr(*bank, 4), std::string(64, '0'));
}

TEST(EventLog, StartsPcr0AtItsLocality) {
    constexpr std::string_view locality{"StartupLocality\0\3", 17};
    const auto bank = replay(EventLogBuilder{}
                                 .event(7, 1, digest_of(9), "")
                                 .event(0, kEventNoAction, digest_of(0), locality)
                                 .event(0, 1, digest_of(1), "crtm")
                                 .bytes(),
                             crypto::Hash::sha256);
    ASSERT_TRUE(bank) << bank.error().to_string();
    Bytes start(32);
    start[31] = 3;
    EXPECT_EQ(to_vector(bank->value(0)), crypto::digest(crypto::Hash::sha256, {start, digest_of(1)}));
    EXPECT_EQ(to_vector(bank->value(7)), crypto::digest(crypto::Hash::sha256, {Bytes(32), digest_of(9)}));
}

TEST(EventLog, RefusesALocalityThatComesLateOrTwiceOrTooLong) {
    constexpr std::string_view locality{"StartupLocality\0\3", 17};
    for (const Bytes& log : std::vector<Bytes>{
             EventLogBuilder{}.event(0, 1, digest_of(1), "").event(0, 3, digest_of(0), locality).bytes(),
             EventLogBuilder{}.event(0, 3, digest_of(0), locality).event(0, 3, digest_of(0), locality).bytes(),
             EventLogBuilder{}.event(0, 3, digest_of(0), {"StartupLocality\0\3\3", 18}).bytes(),
             EventLogBuilder{}.event(0, 3, digest_of(0), {"StartupLocality\0", 16}).bytes(),
         }) {
        const auto bank = replay(log, crypto::Hash::sha256);
        ASSERT_FALSE(bank);
        EXPECT_EQ(bank.error().reason, Reason::evidence_malformed);
    }
}

TEST(EventLog, IsRefusedForEachBadShape) {
    const auto header = EventLogBuilder::header;
    const Bytes good = header({{0x000b, 32}});
    const auto event = [&](auto build) {
        Bytes log = good;
        ByteBuilder out;
        build(out);
        append(log, Bytes(out));
        return log;
    };
    struct Case {
        std::string_view what;
        Bytes log;
        Reason reason;
    };
    Bytes wrong_type = good;
    wrong_type[4] = 1;
    Bytes wrong_pcr = good;
    wrong_pcr[0] = 2;
    Bytes wrong_signature = good;
    wrong_signature[32 + 14] = '2';
    Bytes long_header = good;
    long_header[28] ^= 1;
    for (const Case& one : std::vector<Case>{
             {"nothing", {}, Reason::evidence_malformed},
             {"a first event of another type", wrong_type, Reason::evidence_malformed},
             {"a first event of another PCR", wrong_pcr, Reason::evidence_malformed},
             {"a log of TCG 1.2", wrong_signature, Reason::evidence_malformed},
             {"a header that is not as long as it says", long_header, Reason::evidence_malformed},
             {"no algorithms", header({}), Reason::evidence_malformed},
             {"too many algorithms",
              header({{1, 9}, {2, 9}, {3, 9}, {5, 9}, {6, 9}, {7, 9}, {8, 9}, {9, 9}, {0x000b, 32}}),
              Reason::evidence_malformed},
             {"an algorithm twice", header({{0x000b, 32}, {0x000b, 32}}), Reason::evidence_malformed},
             {"SHA-256 of 20 bytes", header({{0x000b, 20}}), Reason::evidence_malformed},
             {"a digest of no bytes", header({{0x000b, 32}, {0x0012, 0}}), Reason::evidence_malformed},
             {"a digest too long", header({{0x000b, 32}, {0x0012, 65}}), Reason::evidence_malformed},
             {"another bank only", header({{0x0004, 20}}), Reason::evidence_event_log_missing},
             {"an event without digests", event([](auto& out) { out.le32(0).le32(1).le32(0).le32(0); }),
              Reason::evidence_malformed},
             {"an event with a digest too many", event([](auto& out) {
                  out.le32(0).le32(1).le32(2).le16(11).raw(Bytes(32)).le16(11).raw(Bytes(32)).le32(0);
              }),
              Reason::evidence_malformed},
             {"an event with an unannounced digest",
              event([](auto& out) { out.le32(0).le32(1).le32(1).le16(12).raw(Bytes(48)).le32(0); }),
              Reason::evidence_malformed},
             {"an event of 4 GiB",
              event([](auto& out) { out.le32(0).le32(1).le32(1).le16(11).raw(Bytes(32)).le32(0xffffffff).u8(0); }),
              Reason::evidence_malformed},
             {"an event for PCR 24",
              event([](auto& out) { out.le32(24).le32(1).le32(1).le16(11).raw(Bytes(32)).le32(0); }),
              Reason::evidence_malformed},
             {"bytes after the last event", event([](auto& out) { out.u8(0); }), Reason::evidence_malformed},
             {"too large", Bytes(limits::kEventLog + 1), Reason::evidence_too_large},
         }) {
        const auto bank = replay(one.log, crypto::Hash::sha256);
        ASSERT_FALSE(bank) << one.what;
        EXPECT_EQ(bank.error().reason, one.reason) << one.what;
    }
}

TEST(EventLog, RefusesADigestTwiceInOneEvent) {
    Bytes log = EventLogBuilder::header({{0x0004, 20}, {0x000b, 32}});
    append(log, Bytes(ByteBuilder().le32(0).le32(1).le32(2).le16(11).raw(Bytes(32)).le16(11).raw(Bytes(32)).le32(0)));
    EXPECT_FALSE(replay(log, crypto::Hash::sha256));
}

TEST(EventLog, CutShortIsMalformedUnlessAtAnEventsEnd) {
    const Bytes whole = EventLogBuilder{}.event(0, 1, digest_of(1), "abc").bytes();
    const std::size_t header = EventLogBuilder{}.bytes().size();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(replay(ByteView(whole).first(size), crypto::Hash::sha256).has_value(), size == header) << size;
    }
}

// README.md of the vectors gives these values; each was recomputed there from the bytes.
TEST(EventLog, OfRealMachinesReplaysToTheirPcrs) {
    CT_NEEDS_VECTORS();
    struct Real {
        std::string name;
        std::map<unsigned, std::string> pcrs;
    };
    for (const Real& real : std::vector<Real>{
             {"eventlog-ubuntu2404-gce-sevsnp",
              {{0, "50597a27846e91d025eef597abbc89f72bff9af849094db97b0684d8bc4c515e"},
               {1, "57344e1cc8c6619413df33013a7cd67915459f967395af41db21c1fa7ca9c307"},
               {2, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
               {4, "abe8b3fa6aecb36c2fd93c6f6edde661c21b353d007410a2739d69bfa7e1b9be"},
               {5, "0b0e1903aeb1bff649b82dba2cdcf5c4ffb75027e54f151ab00b3b989f16a300"},
               {7, "33ad69850fb2c7f30b4f8b4bc10ed93fc954dc07fa726e84f50f3d192dc1c140"},
               {9, "ce08798b283c7a0ddc5e9ad1d602304b945b741fc60c20e254eafa0f4782512b"},
               {14, "306f9d8b94f17d93dc6e7cf8f5c79d652eb4c6c4d13de2dddc24af416e13ecaf"}}},
             {"eventlog-cos101-gce-sev",
              {{0, "0f35c214608d93c7a6e68ae7359b4a8be5a0e99eea9107ece427c4dea4e439cf"},
               {4, "6d9f1a1d461cf77517e8d4c488c53f338a71c5a8e2b81ab7011c14f72cbc9a80"},
               {8, "ebb7c847c4ade99849bcffca236d32331224a530087a7ae4cb9f7db4c2e571b5"},
               {14, "d0d95459205afae879514db7b85630f5d6b8272ed8c731bf92933dbc9fe99969"}}},
             {"eventlog-crypto-agile-small",
              {{0, "1536de221b2187a421602cd81f43aa04496b0bd5a424d3b25b637a942080d0fa"},
               {1, "f883c25efc566190a8449b54717cacb3f35fc83e4f8e19330b3e32a2b57bb03f"},
               {7, "3d6207f9a2c3fa1db729f06e71b09d2e7ca7c0c198f6c1410c2186bbe2cc1826"}}},
         }) {
        const auto bank = replay(test::read_vector("tpm/" + real.name + ".bin"), crypto::Hash::sha256);
        ASSERT_TRUE(bank) << real.name << ": " << bank.error().to_string();
        for (const auto& [index, value] : real.pcrs)
            EXPECT_EQ(pcr(*bank, index), value) << real.name << " PCR " << index;
    }
    EXPECT_FALSE(replay(test::read_vector("tpm/eventlog-neg-short-no-action.bin"), crypto::Hash::sha256));
}

}  // namespace
}  // namespace ct::attest::tpm
