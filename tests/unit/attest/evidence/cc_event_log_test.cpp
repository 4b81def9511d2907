// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/cc_event_log.h"

#include <gtest/gtest.h>

#include "attest/evidence/tdx_quote.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/tpm_builder.h"
#include "support/vectors.h"

namespace ct::attest::tdx {
namespace {

using test::ByteBuilder;
using test::EventLogBuilder;

Bytes event(std::uint32_t index, std::uint32_t type, ByteView digest) {
    return ByteBuilder().le32(index).le32(type).le32(1).le16(0x000c).raw(digest).le32(2).raw(Bytes{'h', 'i'});
}
Bytes log_of(std::initializer_list<Bytes> events) {
    Bytes out = EventLogBuilder::header({{0x000c, 48}});
    for (const Bytes& one : events)
        append(out, one);
    return out;
}
Bytes extended(ByteView value, ByteView digest) { return crypto::digest(crypto::Hash::sha384, {value, digest}); }
Reason reason_of(const auto& result) { return result ? Reason::internal : result.error().reason; }

const Bytes kZero(48), kOne(48, 1), kTwo(48, 2);

TEST(CcEventLog, LeadsToTheRegistersOfItsIndices) {
    const auto values =
        replay_rtmrs(log_of({event(1, 1, kOne), event(0, 3, kTwo), event(3, 13, kTwo), event(1, 4, kTwo)}));
    ASSERT_TRUE(values) << values.error().to_string();
    EXPECT_EQ(hex_encode((*values)[0]), hex_encode(extended(extended(kZero, kOne), kTwo)));
    EXPECT_EQ(hex_encode((*values)[1]), hex_encode(kZero));
    EXPECT_EQ(hex_encode((*values)[2]), hex_encode(extended(kZero, kTwo)));
    EXPECT_EQ(hex_encode((*values)[3]), hex_encode(kZero));
}

TEST(CcEventLog, EndsWhereTheFirmwareStoppedWriting) {
    const Bytes log = log_of({event(1, 1, kOne)});
    const auto sound = replay_rtmrs(log);
    ASSERT_TRUE(sound);
    for (const std::uint8_t unused : ByteArray<2>{0xff, 0x00}) {
        Bytes area = log;
        area.resize(1 << 16, unused);
        EXPECT_EQ(replay_rtmrs(area).value(), *sound) << int{unused};
        area.back() ^= 1;
        EXPECT_EQ(reason_of(replay_rtmrs(area)), Reason::evidence_malformed) << int{unused};
    }
}

TEST(CcEventLog, OfOtherRegistersOrDigestsIsRefused) {
    EXPECT_EQ(reason_of(replay_rtmrs(log_of({event(0, 1, kOne)}))), Reason::evidence_malformed) << "MRTD";
    EXPECT_EQ(reason_of(replay_rtmrs(log_of({event(5, 1, kOne)}))), Reason::evidence_malformed) << "RTMR4";
    EXPECT_EQ(reason_of(replay_rtmrs(EventLogBuilder().bytes())), Reason::evidence_event_log_missing) << "SHA-256";
    EXPECT_EQ(reason_of(replay_rtmrs({})), Reason::evidence_malformed);
    EXPECT_EQ(reason_of(replay_rtmrs(Bytes((1 << 20) + 1))), Reason::evidence_too_large);
    const Bytes log = log_of({event(1, 1, kOne)});
    const std::size_t header = log_of({}).size();
    for (std::size_t size = header + 1; size < log.size(); ++size)
        EXPECT_EQ(reason_of(replay_rtmrs(ByteView(log).first(size))), Reason::evidence_malformed) << size;
}

TEST(CcEventLogVectors, LeadToTheRegistersOfTheirQuote) {
    CT_NEEDS_VECTORS();
    const Bytes quote = test::read_vector("tdx/spr-v4-gcp-cos113.quote.bin");
    const auto td = parse_quote(quote);
    ASSERT_TRUE(td);
    const auto values = replay_rtmrs(test::read_vector("tdx/spr-v4-gcp-cos113.ccel.bin"));
    ASSERT_TRUE(values) << values.error().to_string();
    for (std::size_t i = 0; i < kRegisters; ++i)
        EXPECT_EQ(hex_encode((*values)[i]), hex_encode(td->td.rtmr[i])) << i;
    EXPECT_EQ(hex_encode((*values)[3]), hex_encode(kZero)) << "nothing was logged there";
}

}  // namespace
}  // namespace ct::attest::tdx
