// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/composite_bundle.h"

#include <gtest/gtest.h>

#include "attest/evidence/gce_binding.h"
#include "base/limits.h"
#include "codec/hex.h"

namespace ct::attest {
namespace {

Reason reason_of(const auto& result) { return result ? Reason::internal : result.error().reason; }

const Bytes kOne{1}, kTwo{2, 2}, kNone;

TEST(CompositeBundle, ComesBackAsItWas) {
    for (const Bytes* hardware : {&kNone, &kTwo}) {
        const Bytes body = encode(Parts{kOne, *hardware});
        const auto parts = decode_parts(body, 100);
        ASSERT_TRUE(parts) << parts.error().to_string();
        EXPECT_EQ(to_vector(parts->tpm), kOne);
        EXPECT_EQ(to_vector(parts->hardware), *hardware);
    }
    for (const bool user_data : {false, true})
        EXPECT_EQ(azure::decode_request(encode(azure::Request{user_data})).value().user_data, user_data);
    const Bytes body = encode(azure::Evidence{kOne, {kTwo, kOne}, kTwo});
    const auto evidence = azure::decode_evidence(body);
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    EXPECT_EQ(to_vector(evidence->hcl_report), kOne);
    ASSERT_EQ(evidence->certificates.size(), 2U);
    EXPECT_EQ(to_vector(evidence->certificates[0]), kTwo);
    EXPECT_EQ(to_vector(evidence->quote), kTwo);
}

TEST(CompositeBundle, OfAnotherFormIsRefused) {
    const Bytes parts = encode(Parts{kOne, kTwo});
    EXPECT_EQ(reason_of(decode_parts(parts, parts.size() - 1)), Reason::evidence_too_large);
    EXPECT_EQ(reason_of(decode_parts(encode(Parts{kNone, kTwo}), 100)), Reason::evidence_malformed);
    EXPECT_EQ(reason_of(decode_parts(Bytes{0xa2, 1, 0x41, 1, 0, 0x41, 1}, 100)), Reason::evidence_malformed);
    EXPECT_EQ(reason_of(azure::decode_request(Bytes{0xa1, 0, 1})), Reason::evidence_malformed);
    EXPECT_EQ(reason_of(azure::decode_request(Bytes(17))), Reason::evidence_too_large);
    EXPECT_EQ(reason_of(azure::decode_evidence(encode(azure::Evidence{kNone, {}, {}}))), Reason::evidence_malformed);
    const Bytes large(limits::kHclReport + 1);
    EXPECT_EQ(reason_of(azure::decode_evidence(encode(azure::Evidence{large, {}, {}}))), Reason::evidence_too_large);
    const std::vector<ByteView> many(limits::kCertificateChain + 1, kOne);
    EXPECT_FALSE(azure::decode_evidence(encode(azure::Evidence{kOne, many, {}})));
    EXPECT_EQ(reason_of(azure::decode_evidence(Bytes(1 << 16))), Reason::evidence_too_large);
}

// By Python's hashlib: sha512(b"cloudtaser/gce-snp/v1\0" + bytes(range(64)) + b"\x00\x0b" + bytes(32)).
TEST(GceBinding, IsOverSessionAndKey) {
    Sha512 binding;
    for (std::uint8_t i = 0; i < binding.size(); ++i)
        binding[i] = i;
    Bytes name(34);
    name[1] = 0x0b;
    EXPECT_EQ(hex_encode(gce::report_data(binding, name)),
              "bdbdba114c57f115cf68d15b1869cf7eebcc6b75f30f83f582a92e551576954f"
              "ca03df1067075b358c6989716055b84dc2c897880bac9a9506aa103c8e0db833");
}

}  // namespace
}  // namespace ct::attest
