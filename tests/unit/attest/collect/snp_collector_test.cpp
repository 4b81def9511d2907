// SPDX-License-Identifier: Apache-2.0
// The collector on a simulated folder of reports and on a simulated device. What the gate makes of the result is
// tests/unit/attest/verify.
#include "attest/collect/snp/collector.h"

#include <gtest/gtest.h>

#include <cstring>

#include "attest/evidence/snp_bundle.h"
#include "base/limits.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "support/simulated_snp.h"
#include "support/simulated_tsm.h"

namespace ct::attest {
namespace {

using test::SimulatedReports;
using test::SimulatedSnp;

// /dev/sev-guest as the kernel answers.
struct GuestState {
    bool absent = false;
    std::function<SimulatedReports::Answer(ByteView data, unsigned level)> answer;
    int error = 0;
    std::uint32_t vmm_error = 0, fw_error = 0, status = 0, size = snp::kReportSize;
    int calls = 0;
};
class SimulatedGuest final : public snp::Device {
public:
    explicit SimulatedGuest(std::shared_ptr<GuestState> state) : state_(std::move(state)) {}
    Status present() override {
        if (state_->absent) return fail_errno(Reason::evidence_device_absent, "sev-guest", ENOENT);
        return {};
    }
    Status call(unsigned long command, snp_guest_request_ioctl& argument) override {
        CT_CHECK(present());
        ++state_->calls;
        EXPECT_EQ(command, 0xc0205302UL) << "SNP_GET_EXT_REPORT";
        EXPECT_EQ(argument.msg_version, 1);
        const auto& request = at<snp_ext_report_req>(argument.req_data);
        EXPECT_EQ(request.certs_len, 16U << 10);
        for (const std::uint8_t byte : request.data.rsvd)
            EXPECT_EQ(byte, 0);
        argument.vmm_error = state_->vmm_error;
        argument.fw_error = state_->fw_error;
        if (state_->error != 0) return fail_errno(Reason::evidence_device_failed, "sev-guest", state_->error);
        const auto answer = state_->answer(request.data.user_data, request.data.vmpl);
        auto& response = at<snp_report_resp>(argument.resp_data);
        std::memcpy(response.data, &state_->status, 4);
        std::memcpy(response.data + 4, &state_->size, 4);
        std::memcpy(response.data + 32, answer.out.data(), answer.out.size());
        std::memcpy(&at<std::uint8_t>(request.certs_address), answer.auxiliary.data(), answer.auxiliary.size());
        return {};
    }

private:
    template <class T>
    static T& at(std::uint64_t address) {
        return *reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr): as the kernel does
    }
    std::shared_ptr<GuestState> state_;
};

class SnpCollector : public testing::Test {
protected:
    SnpCollector() {
        folder_->provider = "sev_guest";
        folder_->answer = guest_->answer = [this](ByteView data, unsigned level) { return answer(data, level); };
        open();
    }
    void open(std::uint32_t vmpl = 0, bool device = true) {
        SnpSources sources{std::make_unique<SimulatedReports>(folder_), nullptr, vmpl};
        if (device) sources.device = std::make_unique<SimulatedGuest>(guest_);
        collector_ = make_snp_collector(std::move(sources));
    }
    [[nodiscard]] SimulatedReports::Answer answer(ByteView data, unsigned level) const {
        test::SnpReport report = processor_.fields();
        std::ranges::copy(data, report.report_data.begin());
        report.vmpl = level;
        return {processor_.sign(report), table_ ? *table_ : processor_.host_table()};
    }
    // Of the binding 17 17 17..., at `level`.
    Result<std::vector<Bytes>> collect(std::uint32_t level = 0) {
        Sha512 binding{};
        binding.fill(0x17);
        CT_TRY(const Bytes body, collector_->collect(snp::encode(snp::Request{level}), binding));
        CT_TRY(const auto evidence, snp::decode_evidence(body));
        CT_TRY(const auto report, snp::parse_report(evidence.report));
        EXPECT_EQ(to_vector(report.report_data), Bytes(64, 0x17));
        EXPECT_EQ(report.vmpl, level);
        std::vector<Bytes> out;
        for (const ByteView certificate : evidence.certificates)
            out.push_back(to_vector(certificate));
        return out;
    }

    SimulatedSnp processor_{SimulatedSnp::Options{.at = WallTime(Seconds(1'790'000'000))}};
    std::optional<Bytes> table_;
    std::shared_ptr<SimulatedReports::State> folder_ = std::make_shared<SimulatedReports::State>();
    std::shared_ptr<GuestState> guest_ = std::make_shared<GuestState>();
    std::unique_ptr<Collector> collector_;
};

TEST_F(SnpCollector, HandsOverAReportOfTheBindingWithTheHostsCertificates) {
    EXPECT_EQ(collector_->kind(), "sev-snp");
    folder_->floor = 1;
    const auto introduction = collector_->introduction();
    ASSERT_TRUE(introduction) << introduction.error().to_string();
    EXPECT_EQ(snp::decode_introduction(*introduction)->vmpl_floor, 1U);
    EXPECT_EQ(folder_->answers, 0) << "the firmware is not asked to say hello";
    const auto chain = collect(2);
    ASSERT_TRUE(chain) << chain.error().to_string();
    EXPECT_EQ(*chain,
              (std::vector<Bytes>{processor_.signing_key_certificate(), processor_.intermediate_certificate()}));
    EXPECT_EQ(guest_->calls, 0) << "the kernel's folder comes first";
    EXPECT_TRUE(folder_->entries.empty());
}

TEST_F(SnpCollector, AsksTheDeviceWhereTheKernelHasNoFolder) {
    folder_->absent = true;
    open(2);
    EXPECT_EQ(snp::decode_introduction(*collector_->introduction())->vmpl_floor, 2U);
    EXPECT_EQ(guest_->calls, 0);
    const auto chain = collect(3);
    ASSERT_TRUE(chain) << chain.error().to_string();
    EXPECT_EQ(chain->size(), 2U);
    EXPECT_EQ(guest_->calls, 1);
}

TEST_F(SnpCollector, TakesTheCertificateOfTheKeyThatSigned) {
    const Bytes vcek(100, 0xc1), vlek(100, 0xc2), ask(100, 0xc3);
    table_ = test::certificate_table({{test::guid::kVlek, vlek}, {test::guid::kVcek, vcek}, {test::guid::kAsk, ask}});
    EXPECT_EQ(*collect(), (std::vector<Bytes>{vcek, ask}));
    processor_ = SimulatedSnp({.vlek = true, .at = WallTime(Seconds(1'790'000'000))});
    EXPECT_EQ(*collect(), (std::vector<Bytes>{vlek, ask}));
    table_ = test::certificate_table({{test::guid::kVcek, vcek}});
    EXPECT_TRUE(collect()->empty()) << "no use in another key's";
    table_ = Bytes{};
    EXPECT_TRUE(collect()->empty());
}

TEST_F(SnpCollector, TakesCertificatesThatTheHostKeepsAsText) {
    const Bytes der = processor_.signing_key_certificate();
    const std::string pem = "-----BEGIN CERTIFICATE-----\n" + base64_encode(der) + "\n-----END CERTIFICATE-----\n";
    table_ = test::certificate_table({{test::guid::kVcek, to_vector(as_bytes(pem))}});
    const auto chain = collect();
    ASSERT_TRUE(chain) << chain.error().to_string();
    EXPECT_EQ(*chain, std::vector<Bytes>{der});
}

TEST_F(SnpCollector, RefusesATableThatIsNone) {
    table_ = test::certificate_table({{test::guid::kVcek, Bytes(limits::kCertificate + 1)}});
    EXPECT_EQ(collect().error().reason, Reason::evidence_device_failed);
    table_ = test::certificate_table({{test::guid::kVcek, to_vector(as_bytes("-----BEGIN CERTIFICATE-----\n"))}});
    EXPECT_EQ(collect().error().reason, Reason::evidence_device_failed);
    table_ = Bytes(100, 0xff);
    EXPECT_EQ(collect().error().reason, Reason::evidence_device_failed);
}

TEST_F(SnpCollector, SaysWhatAPolicyWouldName) {
    const auto found = collector_->fingerprints();
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->at("measurement"), hex_encode(Bytes(48, 0xaa)));
    EXPECT_EQ(found->at("host_data"), hex_encode(Bytes(32, 0xbb)));
    EXPECT_EQ(found->at("chip"), hex_encode(processor_.fields().chip_id));
    EXPECT_EQ(folder_->written["inblob"], Bytes(64)) << "over zeros";
}

TEST_F(SnpCollector, RefusesARequestThatIsNone) {
    const auto body = collector_->collect(Bytes{1, 2}, Sha512{});
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().reason, Reason::invalid_argument);
    EXPECT_EQ(folder_->answers, 0);
}

TEST_F(SnpCollector, IsAbsentOnAnotherMachine) {
    const auto all_absent = [&](const char* what) {
        EXPECT_EQ(collector_->introduction().error().reason, Reason::evidence_device_absent) << what;
        EXPECT_EQ(collect().error().reason, Reason::evidence_device_absent) << what;
        EXPECT_EQ(collector_->fingerprints().error().reason, Reason::evidence_device_absent) << what;
    };
    guest_->absent = true;
    folder_->provider = "tdx_guest";
    all_absent("a TD");
    folder_->absent = true;
    all_absent("nothing at all");
    guest_->absent = false;
    open(0, false);
    all_absent("a simulated one has no device");
}

TEST_F(SnpCollector, PassesOnWhatTheKernelSays) {
    folder_->absent = true;
    const struct {
        const char* words;
        int error;
        std::uint32_t vmm_error, fw_error;
    } cases[] = {{"more certificates", EIO, 1, 0},
                 {"the host refuses, error 2", EIO, 2, 0},
                 {"the firmware refuses, error 22", EIO, 0, 22},
                 {"until the next boot", ENOTTY, 0, 0}};
    for (const auto& [words, error, vmm_error, fw_error] : cases) {
        guest_->error = error, guest_->vmm_error = vmm_error, guest_->fw_error = fw_error;
        const auto refused = collect();
        ASSERT_FALSE(refused) << words;
        EXPECT_EQ(refused.error().reason, Reason::evidence_device_failed);
        EXPECT_EQ(refused.error().sys_errno, error);
        EXPECT_NE(refused.error().context.find(words), std::string::npos) << refused.error().context;
    }
    guest_->error = guest_->vmm_error = guest_->fw_error = 0;
    guest_->status = 0x16;
    EXPECT_EQ(collect().error().reason, Reason::evidence_device_failed);
    guest_->status = 0, guest_->size = 1000;
    EXPECT_EQ(collect().error().reason, Reason::evidence_device_failed);
    folder_->absent = false;
    folder_->answer = [](ByteView, unsigned) { return SimulatedReports::Answer{Bytes(100), {}}; };
    EXPECT_EQ(collect().error().reason, Reason::evidence_device_failed);
    EXPECT_EQ(collector_->fingerprints().error().reason, Reason::evidence_device_failed);
}

// The file itself: no such machine here, so what can be seen is that none is taken for one.
TEST(SnpDevice, IsTheKernelsFile) {
    const auto nothing = snp::open_device("/nothing/sev-guest");
    EXPECT_EQ(nothing->present().error().reason, Reason::evidence_device_absent);
    EXPECT_EQ(ask_device(*nothing, {}, 0).error().reason, Reason::evidence_device_absent);
    const auto other = snp::open_device("/dev/null");
    EXPECT_TRUE(other->present());
    const auto refused = ask_device(*other, {}, 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::evidence_device_failed);
    EXPECT_EQ(refused.error().sys_errno, ENOTTY);
}

}  // namespace
}  // namespace ct::attest
