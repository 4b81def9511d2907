// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_bundle.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace ct::attest::tdx {
namespace {

Reason reason_of(const auto& result) { return result ? Reason::internal : result.error().reason; }

TEST(TdxBundle, ComesBackAsItWas) {
    EXPECT_TRUE(decode_introduction(encode_introduction()));
    for (const bool log : {false, true}) {
        const auto request = decode_request(encode_request({log}));
        ASSERT_TRUE(request) << request.error().to_string();
        EXPECT_EQ(request->event_log, log);
    }
    EXPECT_EQ(encode_request(), Bytes{0xa0});
    const Bytes quote(limits::kTdxQuote, 7);
    const Bytes body = encode(Evidence{quote});
    const auto evidence = decode_evidence(body);
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    EXPECT_EQ(to_vector(evidence->quote), quote);
    EXPECT_TRUE(evidence->event_log.empty());
    EXPECT_EQ(encode(*evidence), body);
    const Bytes log(limits::kEventLog, 8), longer = encode(Evidence{quote, log});
    const auto with_log = decode_evidence(longer);
    ASSERT_TRUE(with_log) << with_log.error().to_string();
    EXPECT_EQ(to_vector(with_log->event_log), log);
    EXPECT_EQ(encode(*with_log), longer);
}

TEST(TdxBundle, SaysWhatIsNotThereByLeavingItOut) {
    EXPECT_EQ(reason_of(decode_request(Bytes{0xa1, 0, 0xf4})), Reason::evidence_malformed) << "false has no form";
    EXPECT_EQ(reason_of(decode_evidence(Bytes{0xa2, 0, 0x41, 1, 1, 0x40})), Reason::evidence_malformed) << "empty log";
}

TEST(TdxBundle, OfAnEmptyQuoteOrOneThatIsTooLargeIsRefused) {
    EXPECT_EQ(reason_of(decode_evidence(encode(Evidence{}))), Reason::evidence_malformed);
    EXPECT_EQ(reason_of(decode_evidence(encode(Evidence{Bytes(limits::kTdxQuote + 1)}))), Reason::evidence_too_large);
    EXPECT_EQ(reason_of(decode_evidence(encode(Evidence{Bytes{1}, Bytes(limits::kEventLog + 1)}))),
              Reason::evidence_too_large);
    EXPECT_EQ(reason_of(decode_evidence(Bytes(2 * limits::kEventLog))), Reason::evidence_too_large);
}

}  // namespace
}  // namespace ct::attest::tdx
