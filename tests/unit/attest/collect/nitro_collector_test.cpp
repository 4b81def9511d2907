// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/nitro/collector.h"

#include <gtest/gtest.h>

#include "codec/cbor.h"
#include "support/simulated_nsm.h"

namespace ct::attest::nitro {
namespace {

using test::SimulatedNsm;

constexpr WallTime kAt{Seconds(1'790'000'000)};

struct Rig {
    SimulatedNsm* nsm = nullptr;
    std::unique_ptr<Collector> collector;

    Rig() {
        auto device = std::make_unique<SimulatedNsm>(kAt);
        nsm = device.get();
        collector = make_nitro_collector(std::move(device));
    }
};

TEST(NitroCollector, BringsADocumentOverTheBindingAndNothingElse) {
    Rig rig;
    EXPECT_EQ(rig.collector->kind(), "nitro");
    const auto introduction = rig.collector->introduction();
    ASSERT_TRUE(introduction) << introduction.error().to_string();
    EXPECT_EQ(decode_introduction(*introduction)->form, Form::enclave);
    Sha512 binding{};
    binding[63] = 7;
    const auto bytes = rig.collector->collect(encode(Request{Form::enclave}), binding);
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    const auto evidence = decode_evidence(*bytes);
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    const auto document = parse_document(evidence->document);
    ASSERT_TRUE(document) << document.error().to_string();
    EXPECT_EQ(to_vector(*document->nonce), Bytes(binding.begin(), binding.end()));
    EXPECT_EQ(as_text(*document->user_data), kPurpose);
    EXPECT_FALSE(document->public_key);
    rig.collector->release();
    EXPECT_TRUE(rig.collector->fingerprints()->empty()) << "no key to enrol";
}

TEST(NitroCollector, MakesNoDocumentOfAnotherForm) {
    Rig rig;
    for (const Bytes& request : {encode(Request{Form::nitrotpm}), Bytes{}}) {
        const auto evidence = rig.collector->collect(request, {});
        ASSERT_FALSE(evidence);
        EXPECT_EQ(evidence.error().reason, Reason::invalid_argument);
    }
}

TEST(NitroCollector, TellsWhatTheModuleSays) {
    Rig rig;
    cbor::Writer error;
    error.map(1).text("Error").text("InternalError");
    rig.nsm->answer = error.take();
    for (const auto& result : {rig.collector->introduction(), rig.collector->collect(encode(Request{}), {})}) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, Reason::evidence_device_failed);
        EXPECT_EQ(result.error().context, "the NSM refuses: InternalError");
    }
    rig.nsm->answer.reset();
    EXPECT_TRUE(rig.collector->introduction()) << "nothing of the failure stays";
}

TEST(NitroCollector, OnAMachineWithoutAModuleSaysSo) {
    const auto collector = make_nitro_collector(nsm_at("/nonexistent/nsm"));
    for (const auto& error : {collector->introduction().error(), collector->collect(encode(Request{}), {}).error(),
                              collector->fingerprints().error()}) {
        EXPECT_EQ(error.reason, Reason::evidence_device_absent);
        EXPECT_NE(error.context.find("/nonexistent/nsm"), std::string::npos);
    }
}

TEST(NitroCollector, OnAFileThatIsNoModuleFails) {
    const auto answer = nsm_at("/dev/null")->exchange(Bytes{0});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, Reason::evidence_device_failed);
    EXPECT_EQ(answer.error().sys_errno, ENOTTY);
    EXPECT_EQ(nsm_at("/dev/null")->exchange(Bytes(0x1001)).error().reason, Reason::invalid_argument);
}

}  // namespace
}  // namespace ct::attest::nitro
