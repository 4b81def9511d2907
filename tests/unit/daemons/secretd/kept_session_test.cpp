// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/kept_session.h"

#include <gtest/gtest.h>

#include "codec/cbor.h"

namespace ct::secretd {
namespace {

KeptSession sample() {
    KeptSession session;
    session.id = 7;
    session.workload = "payments";
    session.caller_uid = 1000;
    session.identity = {1000, "payments.service", Sha256{1, 2, 3}};
    session.opened = WallTime(Seconds(1'764'000'000));
    session.evidence_kind = "tpm2";
    session.tiers = "AB";
    session.environment = {{"DB_PASSWORD", "kv/payments#password"}, {"A", "kv/payments#a"}};
    return session;
}

TEST(KeptSession, ComesBackAsItWasKept) {
    for (const bool readable : {true, false}) {
        auto session = sample();
        if (!readable) session.identity.executable.reset();
        const auto back = decode_kept_session(encode(session));
        ASSERT_TRUE(back) << back.error().to_string();
        EXPECT_EQ(back->id, session.id);
        EXPECT_EQ(back->workload, session.workload);
        EXPECT_EQ(back->caller_uid, session.caller_uid);
        EXPECT_EQ(back->identity, session.identity);
        EXPECT_EQ(back->opened, session.opened);
        EXPECT_EQ(back->evidence_kind, session.evidence_kind);
        EXPECT_EQ(back->tiers, session.tiers);
        EXPECT_EQ(back->environment, session.environment);
    }
}

TEST(KeptSession, AnotherVersionIsNotGuessedAt) {
    cbor::Writer later;
    later.array(2).uint(kKeptVersion + 1).text("whatever");
    const auto session = decode_kept_session(later.take());
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().reason, Reason::protocol_version);
}

TEST(KeptSession, EveryCutIsRefused) {
    const Bytes whole = encode(sample());
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_kept_session(ByteView(whole).first(size))) << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(decode_kept_session(longer));
    const auto over = decode_kept_session(Bytes(kKeptSize + 1, 0));
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().reason, Reason::too_large);
}

}  // namespace
}  // namespace ct::secretd
