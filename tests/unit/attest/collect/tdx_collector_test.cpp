// SPDX-License-Identifier: Apache-2.0
// The collector on a simulated folder of reports. What the gate makes of the result is tests/unit/attest/verify.
#include <gtest/gtest.h>

#include "attest/collect/tdx/collector.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_quote.h"
#include "base/limits.h"
#include "codec/hex.h"
#include "support/simulated_tsm.h"
#include "support/tdx_maker.h"

namespace ct::attest {
namespace {

using test::SimulatedReports;

class TdxCollector : public testing::Test {
protected:
    TdxCollector() {
        using std::chrono::sys_days, std::chrono::year;
        const WallTime from = sys_days(year(2025) / 1 / 1), until = sys_days(year(2035) / 1 / 1);
        const auto pck = test::Signer::make(nullptr, {"PCK", from, until, false, 1, test::SgxFields{}.der()});
        state_->answer = [pck](ByteView question, unsigned) {
            test::QuoteFields fields;
            fields.td.report_data = to_vector(question);
            test::sign_quote(fields, pck, pck, pck.pem());
            return SimulatedReports::Answer{fields.bytes(), {}};
        };
        open(nullptr, nullptr);
    }
    void open(std::unique_ptr<tdx::Device> device, std::unique_ptr<tdx::QuoteService> service) {
        collector_ = make_tdx_collector({.reports = std::make_unique<SimulatedReports>(state_),
                                         .device = std::move(device),
                                         .service = std::move(service),
                                         .event_log = ""});
    }
    std::shared_ptr<SimulatedReports::State> state_ = std::make_shared<SimulatedReports::State>();
    std::unique_ptr<Collector> collector_;
};

TEST_F(TdxCollector, HandsOverAQuoteOfTheBinding) {
    EXPECT_EQ(collector_->kind(), "tdx");
    const auto introduction = collector_->introduction();
    ASSERT_TRUE(introduction) << introduction.error().to_string();
    EXPECT_TRUE(tdx::decode_introduction(*introduction));
    EXPECT_TRUE(state_->written.empty()) << "a quote takes the host's time: none is made to say hello";
    Sha512 binding{};
    binding.fill(0x17);
    const auto body = collector_->collect(tdx::encode_request(), binding);
    ASSERT_TRUE(body) << body.error().to_string();
    const auto evidence = tdx::decode_evidence(*body);
    ASSERT_TRUE(evidence);
    const auto quote = tdx::parse_quote(evidence->quote);
    ASSERT_TRUE(quote) << quote.error().to_string();
    EXPECT_EQ(to_vector(quote->td.report_data), Bytes(64, 0x17));
    EXPECT_TRUE(state_->entries.empty());
}

TEST_F(TdxCollector, SaysWhatAPolicyWouldName) {
    const auto found = collector_->fingerprints();
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->at("mrtd"), hex_encode(Bytes(48, 0x7d)));
    EXPECT_EQ(found->at("rtmr2"), hex_encode(Bytes(48, 0xa2)));
    EXPECT_EQ(found->at("fmspc"), "90c06f000000");
    EXPECT_EQ(found->at("ppid"), hex_encode(Bytes(16, 0x99)));
    EXPECT_EQ(state_->written["inblob"], Bytes(64)) << "over zeros";
}

TEST_F(TdxCollector, RefusesARequestThatIsNone) {
    const auto body = collector_->collect(Bytes{1, 2}, Sha512{});
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().reason, Reason::invalid_argument);
    EXPECT_TRUE(state_->written.empty());
}

TEST_F(TdxCollector, IsAbsentOnAnotherMachine) {
    const auto all_absent = [&] {
        EXPECT_EQ(collector_->introduction().error().reason, Reason::evidence_device_absent);
        EXPECT_EQ(collector_->collect(tdx::encode_request(), Sha512{}).error().reason, Reason::evidence_device_absent);
        EXPECT_EQ(collector_->fingerprints().error().reason, Reason::evidence_device_absent);
    };
    state_->provider = "sev_guest";
    all_absent();
    state_->absent = true;
    all_absent();
    EXPECT_EQ(collector_->introduction().error().context.find("TDREPORT"), std::string::npos);
    open(tdx::open_device("/nothing/tdx_guest"), tdx::open_quote_service({.socket = "/nothing/qgs"}));
    all_absent();
    EXPECT_EQ(collector_->introduction().error().context.find("TDREPORT"), std::string::npos);
    open(tdx::open_device("/dev/null"), nullptr);
    all_absent();  // a TD, by its device, whose kernel has no quotes
    EXPECT_NE(collector_->introduction().error().context.find("TDREPORT"), std::string::npos);
    EXPECT_NE(collector_->collect(tdx::encode_request(), Sha512{}).error().context.find("6.7"), std::string::npos);
}

TEST_F(TdxCollector, PassesOnNoQuoteThatIsTooLargeOrNone) {
    state_->answer = [](ByteView, unsigned) { return SimulatedReports::Answer{Bytes(limits::kTdxQuote + 1), {}}; };
    EXPECT_EQ(collector_->collect(tdx::encode_request(), Sha512{}).error().reason, Reason::evidence_device_failed);
    state_->answer = [](ByteView, unsigned) { return SimulatedReports::Answer{Bytes(100), {}}; };
    EXPECT_EQ(collector_->fingerprints().error().reason, Reason::evidence_device_failed);
}

}  // namespace
}  // namespace ct::attest
