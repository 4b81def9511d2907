// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nitro_bundle.h"

#include <gtest/gtest.h>

#include "attest/evidence/nsm_messages.h"
#include "codec/cbor.h"
#include "codec/hex.h"

namespace ct::attest::nitro {
namespace {

TEST(NitroBundle, ComesBackAsItWas) {
    for (const Form form : {Form::enclave, Form::nitrotpm}) {
        EXPECT_EQ(decode_introduction(encode(Introduction{form}))->form, form);
        EXPECT_EQ(decode_request(encode(Request{form}))->form, form);
    }
    const Bytes document(limits::kNitroDocument, 9);
    const Bytes bytes = encode(Evidence{document});
    EXPECT_EQ(to_vector(decode_evidence(bytes)->document), document);
}

TEST(NitroBundle, IsRefusedForAnythingElse) {
    const auto reason = [](const auto& result) { return result ? Reason::internal : result.error().reason; };
    EXPECT_EQ(reason(decode_evidence(encode(Evidence{Bytes(limits::kNitroDocument + 1)}))), Reason::evidence_too_large);
    for (const Bytes& bad : {Bytes{}, Bytes{0xa0}, Bytes{0xa1, 0x00}, Bytes{0xa1, 0x01, 0x00}, Bytes{0xa1, 0x00, 0x02},
                             Bytes{0xa1, 0x00, 0x00, 0x00}, Bytes{0xa1, 0x00, 0x40}, Bytes{0x00}}) {
        EXPECT_EQ(reason(decode_introduction(bad)), Reason::evidence_malformed) << hex_encode(bad);
        EXPECT_EQ(reason(decode_request(bad)), Reason::evidence_malformed) << hex_encode(bad);
        EXPECT_EQ(reason(decode_evidence(bad)), Reason::evidence_malformed) << hex_encode(bad);
    }
}

TEST(NsmMessages, AskInTheModulesOwnWords) {
    EXPECT_EQ(hex_encode(encode_attestation_request(Bytes{1}, Bytes{2, 3})),
              "a16b4174746573746174696f6e"  // {"Attestation":
              "a3"
              "656e6f6e6365420203"          // "nonce": h'0203'
              "69757365725f646174614101"    // "user_data": h'01'
              "6a7075626c69635f6b6579f6");  // "public_key": null
}

TEST(NsmMessages, TakeADocumentOrSayWhatTheModuleSaid) {
    const auto answer = [](auto write) {
        cbor::Writer out;
        write(out);
        return out.take();
    };
    const Bytes good =
        answer([](auto& out) { out.map(1).text("Attestation").map(1).text("document").bytes(Bytes{4, 5}); });
    ASSERT_TRUE(parse_attestation_response(good));
    EXPECT_EQ(to_vector(*parse_attestation_response(good)), (Bytes{4, 5}));
    struct Case {
        Bytes bytes;
        std::string_view words;
    };
    for (const Case& one : std::vector<Case>{
             {answer([](auto& out) { out.map(1).text("Error").text("InvalidArgument"); }), "refuses: InvalidArgument"},
             {answer([](auto& out) { out.map(1).text("Error").text("InternalError"); }), "refuses: InternalError"},
             {answer([](auto& out) { out.map(1).text("Error").text("<b>"); }), "refuses: an unknown error"},
             {answer([](auto& out) { out.map(1).text("GetRandom").map(1).text("random").bytes({}); }),
              "something else"},
             {answer([](auto& out) { out.text("LockPCR"); }), "expected a map"},
             {answer([](auto& out) { out.map(0); }), "empty"},
             {answer([](auto& out) { out.map(1).text("Attestation").map(1).text("doc").bytes({}); }), "no document"},
             {answer([](auto& out) { out.map(1).text("Attestation").map(0); }), "no document"},
             {Bytes(good.begin(), good.end() - 1), "ends early"},
             {Bytes{}, "ends early"},
         }) {
        const auto result = parse_attestation_response(one.bytes);
        ASSERT_FALSE(result) << one.words;
        EXPECT_EQ(result.error().reason, Reason::evidence_device_failed) << one.words;
        EXPECT_NE(result.error().context.find(one.words), std::string::npos) << result.error().context;
    }
}

}  // namespace
}  // namespace ct::attest::nitro
