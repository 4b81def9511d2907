// SPDX-License-Identifier: Apache-2.0
// The collector where the kernel makes no quotes: on a simulated device and a quote service at a socket, an honest one and one of a
// hostile host.
#include <gtest/gtest.h>

#include "attest/collect/tdx/collector.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_quote.h"
#include "base/limits.h"
#include "codec/hex.h"
#include "support/mounted_reports.h"
#include "support/mounted_td.h"
#include "support/qgs_builder.h"
#include "support/quote_service_socket.h"
#include "support/simulated_tsm.h"
#include "support/tdx_maker.h"

namespace ct::attest {
namespace {

using test::ModuleReportFields;
using test::MountedTd;
using test::QuoteAnswerFields;
using test::QuoteScript;
using test::SimulatedReports;

constexpr Millis kShort{200};  // for a service that never answers

struct TdState {
    bool absent = false;
    std::function<Bytes(ByteView data)> report = [](ByteView data) {
        return ModuleReportFields{.data = to_vector(data)}.bytes();
    };
    int reports = 0;
};
class SimulatedTd final : public tdx::Device {
public:
    explicit SimulatedTd(std::shared_ptr<TdState> state) : state_(std::move(state)) {}
    Status present() override {
        if (state_->absent) return fail_errno(Reason::evidence_device_absent, "tdx_guest", ENOENT);
        return {};
    }
    Result<Bytes> report(const ByteArray<64>& data) override {
        CT_CHECK(present());
        ++state_->reports;
        return state_->report(data);
    }

private:
    std::shared_ptr<TdState> state_;
};

class TdxService : public testing::Test {
protected:
    TdxService() {
        const WallTime from = std::chrono::sys_days(std::chrono::year(2025) / 1 / 1), until = from + Seconds(315360000);
        pck_ = std::make_unique<test::Signer>(
            test::Signer::make(nullptr, {"PCK", from, until, false, 1, test::SgxFields{}.der()}));
        folder_->absent = true;
        binding_.fill(0x17);
    }
    [[nodiscard]] Bytes quote(ByteView data) const {
        test::QuoteFields fields;
        fields.td.report_data = to_vector(data);
        test::sign_quote(fields, *pck_, *pck_, pck_->pem());
        return fields.bytes();
    }
    [[nodiscard]] Bytes honest(ByteView report) const {
        return QuoteAnswerFields{.key_name = {}, .quote = quote(report.subspan(128, 64))}.bytes();
    }
    void serve(QuoteScript script, Millis patience = tdx::kServicePatience) {
        service_.reset();
        auto opened = test::open_quote_service_socket(std::move(script));
        ASSERT_TRUE(opened) << opened.error().to_string();
        service_ = std::move(*opened);
        open(patience);
    }
    void serve_honestly() {
        serve({.answer = [this](ByteView report) { return honest(report); }});
    }
    void open(Millis patience = tdx::kServicePatience) {
        const std::string socket = service_ ? service_->path() : "/nothing/qgs";
        collector_ = make_tdx_collector({.reports = std::make_unique<SimulatedReports>(folder_),
                                         .device = std::make_unique<SimulatedTd>(td_),
                                         .service = tdx::open_quote_service({.socket = socket}, patience),
                                         .event_log = ""});
    }
    [[nodiscard]] Result<Bytes> collect() { return collector_->collect(tdx::encode_request(), binding_); }
    void expect_refused(const std::string& words) {
        const auto refused = collect();
        ASSERT_FALSE(refused) << words;
        EXPECT_EQ(refused.error().reason, Reason::evidence_device_failed) << refused.error().to_string();
        EXPECT_NE(refused.error().context.find(words), std::string::npos) << refused.error().context;
    }

    std::shared_ptr<SimulatedReports::State> folder_ = std::make_shared<SimulatedReports::State>();
    std::shared_ptr<TdState> td_ = std::make_shared<TdState>();
    std::unique_ptr<test::Signer> pck_;
    std::unique_ptr<test::LocalServer> service_;
    std::unique_ptr<Collector> collector_;
    Sha512 binding_{};
};

TEST_F(TdxService, MakesAQuoteOfTheBindingWhereTheKernelHasNone) {
    serve_honestly();
    EXPECT_TRUE(collector_->introduction());
    EXPECT_EQ(td_->reports, 0) << "none is made to say hello";
    const auto body = collect();
    ASSERT_TRUE(body) << body.error().to_string();
    const auto evidence = tdx::decode_evidence(*body);
    ASSERT_TRUE(evidence);
    const auto quote = tdx::parse_quote(evidence->quote);
    ASSERT_TRUE(quote) << quote.error().to_string();
    EXPECT_EQ(to_vector(quote->td.report_data), Bytes(64, 0x17));
    const auto found = collector_->fingerprints();
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->at("mrtd"), hex_encode(Bytes(48, 0x7d)));
}

TEST_F(TdxService, IsNotAskedWhereTheKernelHasQuotes) {
    serve({.answer = [](ByteView) -> Bytes {
        ADD_FAILURE() << "asked";
        return {};
    }});
    folder_->absent = false;
    folder_->answer = [this](ByteView data, unsigned) { return SimulatedReports::Answer{quote(data), {}}; };
    EXPECT_TRUE(collector_->introduction());
    EXPECT_TRUE(collect());
    folder_->busy = 1, folder_->error = EIO;
    EXPECT_EQ(collect().error().sys_errno, EIO) << "nor where those fail";
    EXPECT_EQ(td_->reports, 0);
}

TEST_F(TdxService, IsAbsentWhereNobodyListens) {
    open();
    for (const auto& refused : {collector_->introduction(), collect()}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, Reason::evidence_device_absent);
        EXPECT_NE(refused.error().context.find("no quote service at unix:/nothing/qgs"), std::string::npos);
        EXPECT_NE(refused.error().context.find("6.7"), std::string::npos) << "what would help";
    }
    serve_honestly();
    EXPECT_TRUE(collect()) << "it is looked for at each call";
}

TEST_F(TdxService, GetsNoReportThatIsNotOurs) {
    serve({.answer = [](ByteView) -> Bytes {
        ADD_FAILURE() << "asked";
        return {};
    }});
    td_->report = [](ByteView) { return ModuleReportFields{.data = Bytes(64, 0x18)}.bytes(); };
    expect_refused("the device reports on something else");
    td_->report = [](ByteView data) { return ModuleReportFields{.type = 0, .data = to_vector(data)}.bytes(); };
    expect_refused("TDREPORT");
    td_->report = [](ByteView) { return Bytes(100); };
    expect_refused("TDREPORT");
}

TEST_F(TdxService, OfAHostileHostIsBelievedNothing) {
    const auto answers = [&](Bytes bytes) { serve({.answer = [bytes](ByteView) { return bytes; }}); };
    const auto framed = [](ByteView quote) {
        return QuoteAnswerFields{.key_name = {}, .quote = to_vector(quote)}.bytes();
    };
    answers(framed(quote(Bytes(64, 0x18))));
    expect_refused("a quote of another report");
    Bytes nearly(64, 0x17);
    nearly.back() ^= 1;
    answers(framed(quote(nearly)));
    expect_refused("a quote of another report");
    answers(framed(Bytes(500, 0x9e)));
    expect_refused("the quote service");  // no quote at all
    answers(framed(Bytes(limits::kTdxQuote + 17)));
    expect_refused("too long");
    answers(Bytes{0xff, 0xff, 0xff, 0xff});
    expect_refused("too long");
    answers(Bytes{0, 0, 0, 23});
    expect_refused("too short");
    answers(QuoteAnswerFields{.error = 0x12001, .key_name = {}, .quote = {}}.bytes());
    expect_refused("error 0x00012001");
    answers(QuoteAnswerFields{.key_name = {}, .quote = quote(binding_), .quote_more = -1}.bytes());
    expect_refused("than its parts");
}

TEST_F(TdxService, ThatHangsUpIsNotWaitedFor) {
    for (const std::size_t sent : {0UZ, 3UZ, 4UZ, 27UZ, 1000UZ}) {
        serve({.answer = [this, sent](ByteView report) {
            Bytes out = honest(report);
            out.resize(sent);
            return out;
        }});
        expect_refused("hangs up");
    }
}

TEST_F(TdxService, ThatIsTooSlowIsGivenUp) {
    for (const std::size_t sent : {0UZ, 2UZ, 1000UZ}) {
        serve({.answer =
                   [this, sent](ByteView report) {
                       Bytes out = honest(report);
                       out.resize(sent);
                       return out;
                   },
               .stays = true},
              kShort);
        expect_refused("in time");
    }
    // Each byte comes in time, and the last one would an hour later.
    serve({.answer = [this](ByteView report) { return honest(report); }, .drips = true}, kShort);
    expect_refused("in time");
}

TEST_F(TdxService, ThatHasLongAnswersIsReadToTheEndOfTheQuote) {
    serve({.answer = [this](ByteView report) {
        Bytes padded = quote(report.subspan(128, 64));
        padded.resize(limits::kTdxQuote);
        Bytes out = QuoteAnswerFields{.key_name = Bytes(16, 0x1d), .quote = padded}.bytes();
        append(out, Bytes(100'000));
        return out;
    }});
    const auto body = collect();
    ASSERT_TRUE(body) << body.error().to_string();
    EXPECT_EQ(tdx::decode_evidence(*body)->quote.size(), limits::kTdxQuote);
}

TEST(TdxServiceAddress, IsASocketHereOrOfTheHypervisor) {
    for (const char* words : {"unix:/run/tdx-qgs/qgs.socket", "vsock:2:4050", "vsock:4294967294:1"}) {
        const auto address = tdx::parse_service_address(words);
        ASSERT_TRUE(address) << words;
        EXPECT_EQ(address->words(), words);
    }
    EXPECT_EQ(tdx::ServiceAddress().words(), "vsock:2:4050");
    for (const std::string& words :
         {std::string(), std::string("unix:"), std::string("unix:run/qgs"), "unix:/" + std::string(107, 'a'),
          std::string("vsock:"), std::string("vsock:2"), std::string("vsock:2:"), std::string("vsock::4050"),
          std::string("vsock:2:4050:1"), std::string("vsock:2:4050 "), std::string("vsock:-1:4050"),
          std::string("vsock:0:4050"), std::string("vsock:2:0"), std::string("vsock:4294967295:4050"),
          std::string("vsock:4294967296:4050"), std::string("vsock:2:0x10"), std::string("tcp:127.0.0.1:4050")}) {
        const auto refused = tdx::parse_service_address(words);
        ASSERT_FALSE(refused) << words;
        EXPECT_EQ(refused.error().reason, Reason::invalid_argument);
    }
}

// Through open(2) and ioctl(2), on a file that answers as the kernel's does.
class TdxDevice : public testing::Test {
protected:
    void SetUp() override { CT_NEEDS_MOUNTED_REPORTS(); }
    void mount(const MountedTd::State& state) {
        auto mounted = MountedTd::mount(state);
        ASSERT_TRUE(mounted) << mounted.error().to_string();
        mounted_ = std::move(*mounted);
    }
    std::unique_ptr<MountedTd> mounted_;
};

TEST_F(TdxDevice, ReportsOnWhatItIsGiven) {
    mount({.report = [](ByteView data) { return ModuleReportFields{.data = to_vector(data)}.bytes(); }});
    const auto device = tdx::open_device(mounted_->path());
    EXPECT_TRUE(device->present());
    ByteArray<64> data{};
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = static_cast<std::uint8_t>(i);
    const auto report = device->report(data);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(*report, ModuleReportFields{.data = to_vector(data)}.bytes());
}

TEST_F(TdxDevice, PassesOnWhatTheKernelSays) {
    mount({.report = {}, .error = EIO});
    const auto refused = tdx::open_device(mounted_->path())->report({});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::evidence_device_failed);
    EXPECT_EQ(refused.error().sys_errno, EIO);
}

TEST(TdxDeviceFile, IsAbsentOrNone) {
    const auto nothing = tdx::open_device("/nothing/tdx_guest");
    EXPECT_EQ(nothing->present().error().reason, Reason::evidence_device_absent);
    EXPECT_EQ(nothing->report({}).error().reason, Reason::evidence_device_absent);
    const auto other = tdx::open_device("/dev/null");
    EXPECT_TRUE(other->present());
    EXPECT_EQ(other->report({}).error().sys_errno, ENOTTY);
}

}  // namespace
}  // namespace ct::attest
