// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_bundle.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace ct::attest::tdx {
namespace {

Reason reason_of(const auto& result) { return result ? Reason::internal : result.error().reason; }

TEST(TdxBundle, ComesBackAsItWas) {
    EXPECT_TRUE(decode_introduction(encode_introduction()));
    EXPECT_TRUE(decode_request(encode_request()));
    const Bytes quote(limits::kTdxQuote, 7);
    const Bytes body = encode(Evidence{quote});
    const auto evidence = decode_evidence(body);
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    EXPECT_EQ(to_vector(evidence->quote), quote);
    EXPECT_EQ(encode(*evidence), body);
}

TEST(TdxBundle, CutShortOrWithBytesAfterItIsMalformed) {
    Bytes body = encode(Evidence{Bytes{1, 2, 3}});
    for (std::size_t size = 0; size < body.size(); ++size)
        EXPECT_EQ(reason_of(decode_evidence(ByteView(body).first(size))), Reason::evidence_malformed) << size;
    body.push_back(0);
    EXPECT_EQ(reason_of(decode_evidence(body)), Reason::evidence_malformed);
    for (const Bytes& bytes : {Bytes{}, Bytes{0xa0, 0}, Bytes{0xa1, 0, 0}, Bytes{0x80}}) {
        EXPECT_FALSE(decode_introduction(bytes));
        EXPECT_EQ(reason_of(decode_request(bytes)),
                  bytes.size() == 3 ? Reason::evidence_too_large : Reason::evidence_malformed);
    }
}

TEST(TdxBundle, OfAnEmptyQuoteOrOneThatIsTooLargeIsRefused) {
    EXPECT_EQ(reason_of(decode_evidence(encode(Evidence{}))), Reason::evidence_malformed);
    EXPECT_EQ(reason_of(decode_evidence(encode(Evidence{Bytes(limits::kTdxQuote + 1)}))), Reason::evidence_too_large);
    EXPECT_EQ(reason_of(decode_evidence(Bytes(2 * limits::kTdxQuote))), Reason::evidence_too_large);
}

}  // namespace
}  // namespace ct::attest::tdx
