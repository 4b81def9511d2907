// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tpm2_bundle.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::attest::tpm {
namespace {

const Bytes kOne{1, 1}, kTwo{2, 2, 2}, kDigest(32, 7);

Introduction introduction() { return {kOne, kTwo, {kOne, kTwo}, {}}; }
Request request() { return {{0x000b, 0x81}, true, Credential{kOne, kTwo}}; }
Evidence evidence() {
    Evidence out{.attest = kOne,
                 .signature = kTwo,
                 .pcr_mask = 0x800081,
                 .pcr_values = {},
                 .event_log = kOne,
                 .secret = kDigest};
    for (const unsigned pcr : {0, 7, 23})
        out.pcr_values[pcr] = kDigest;
    return out;
}

TEST(Tpm2Bundle, ComesBackAsItWas) {
    const Bytes one = encode(introduction());
    const auto back = decode_introduction(one);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(to_vector(back->ak_public), kOne);
    EXPECT_EQ(to_vector(back->ek_public), kTwo);
    ASSERT_EQ(back->ak_certificates.size(), 2u);
    EXPECT_EQ(to_vector(back->ak_certificates[1]), kTwo);
    EXPECT_TRUE(back->ek_certificates.empty());
    EXPECT_EQ(encode(*back), one);

    const Bytes two = encode(request());
    const auto asked = decode_request(two);
    ASSERT_TRUE(asked) << asked.error().to_string();
    EXPECT_EQ(asked->pcrs.bank, 0x000b);
    EXPECT_EQ(asked->pcrs.mask, 0x81u);
    EXPECT_TRUE(asked->event_log);
    ASSERT_TRUE(asked->credential);
    EXPECT_EQ(to_vector(asked->credential->encrypted_secret), kTwo);
    EXPECT_EQ(encode(*asked), two);

    const Bytes three = encode(evidence());
    const auto proof = decode_evidence(three);
    ASSERT_TRUE(proof) << proof.error().to_string();
    EXPECT_EQ(proof->pcr_mask, 0x800081u);
    EXPECT_EQ(to_vector(proof->pcr_values[23]), kDigest);
    EXPECT_EQ(to_vector(proof->secret), kDigest);
    EXPECT_EQ(encode(*proof), three);
}

TEST(Tpm2Bundle, IsRefusedForEachPartThatIsTooLarge) {
    const auto reason = [](const auto& result) { return result ? Reason::internal : result.error().reason; };
    const Bytes large(limits::kEventLog + 1, 1);
    const auto cut = [&](std::size_t size) { return ByteView(large).first(size); };
    for (const auto& change : std::vector<std::function<void(Evidence&)>>{
             [&](Evidence& e) { e.attest = cut(limits::kTpmAttest + 1); },
             [&](Evidence& e) { e.signature = cut(limits::kTpmSignature + 1); },
             [&](Evidence& e) { e.pcr_values[0] = cut(65); },
             [&](Evidence& e) { e.event_log = cut(limits::kEventLog + 1); },
             [&](Evidence& e) { e.secret = cut(65); },
         }) {
        Evidence changed = evidence();
        change(changed);
        EXPECT_EQ(reason(decode_evidence(encode(changed))), Reason::evidence_too_large);
    }
    for (const auto& change : std::vector<std::function<void(Introduction&)>>{
             [&](Introduction& i) { i.ak_public = cut(limits::kTpmPublic + 1); },
             [&](Introduction& i) { i.ek_public = cut(limits::kTpmPublic + 1); },
             [&](Introduction& i) { i.ak_certificates = {cut(limits::kCertificate + 1)}; },
             [&](Introduction& i) { i.ek_certificates.assign(limits::kCertificateChain + 1, kOne); },
         }) {
        Introduction changed = introduction();
        change(changed);
        EXPECT_EQ(reason(decode_introduction(encode(changed))), Reason::evidence_too_large);
    }
    EXPECT_EQ(reason(decode_evidence(Bytes(limits::kEvidence + 1))), Reason::evidence_too_large);
    EXPECT_EQ(reason(decode_request(Bytes(1025))), Reason::evidence_too_large);
}

TEST(Tpm2Bundle, IsRefusedForPcrsThatDoNotExistOrRepeat) {
    const auto with_pcrs = [](std::initializer_list<std::uint64_t> indices) {
        cbor::Writer out;
        out.map(5).uint(0).bytes(kOne).uint(1).bytes(kTwo).uint(2).map(indices.size());
        for (const std::uint64_t index : indices)
            out.uint(index).bytes(kDigest);
        out.uint(3).bytes({}).uint(4).bytes({});
        return out.take();
    };
    EXPECT_TRUE(decode_evidence(with_pcrs({0, 23})));
    EXPECT_FALSE(decode_evidence(with_pcrs({24})));
    EXPECT_FALSE(decode_evidence(with_pcrs({1, 1})));
    EXPECT_FALSE(decode_evidence(with_pcrs({2, 1})));
}

TEST(Tpm2Bundle, AsksForAtLeastOnePcrAndNoneThatDoesNotExist) {
    EXPECT_FALSE(decode_request(encode(Request{{0x000b, 0}, false, {}})));
    EXPECT_FALSE(decode_request(encode(Request{{0x000b, 1U << 24}, false, {}})));
    EXPECT_TRUE(decode_request(encode(Request{{0x000b, 1U << 23}, false, {}})));
}

}  // namespace
}  // namespace ct::attest::tpm
