// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tdx/settings.h"

#include <unistd.h>

#include "attest/collect/tsm/report.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_pck.h"
#include "attest/evidence/tdx_quote.h"
#include "base/fd.h"
#include "base/limits.h"
#include "codec/hex.h"

namespace ct::attest {
namespace {

constexpr std::string_view kProvider = "tdx_guest";

class TdxCollector final : public Collector {
public:
    TdxCollector(std::unique_ptr<tsm::Folder> reports, std::string_view kind, std::string device, std::string event_log)
        : reports_(std::move(reports)), kind_(kind), device_(std::move(device)), event_log_(std::move(event_log)) {}

    [[nodiscard]] std::string_view kind() const override { return kind_; }

    // Nothing to say; but to say it one must be a TD.
    Result<Bytes> introduction() override {
        const auto machine = tsm::probe(*reports_);
        if (!machine) return explained(machine.error());
        if (machine->provider != kProvider)
            return fail(Reason::evidence_device_absent, "this machine's reports are by " + machine->provider);
        return tdx::encode_introduction();
    }

    Result<Bytes> collect(ByteView request, const Sha512& binding) override {
        const auto asked = tdx::decode_request(request);
        if (!asked) return fail(Reason::invalid_argument, "the gate's request: " + asked.error().context);
        CT_TRY(const Bytes quote, quote_over(binding));
        Bytes log;
        if (asked->event_log) {
            // Without one the gate says what that means; a log that is too large or unreadable counts as none.
            if (const auto text = read_file(event_log_, limits::kEventLog)) log = to_vector(as_bytes(*text));
        }
        return tdx::encode(tdx::Evidence{quote, log});
    }

    // Of a quote over zeros, which is evidence for nobody.
    Result<std::map<std::string, std::string>> fingerprints() override {
        CT_TRY(const Bytes bytes, quote_over({}));
        const auto quote = tdx::parse_quote(bytes);
        if (!quote) return fail(Reason::evidence_device_failed, quote.error().context);
        std::map<std::string, std::string> out{{"mrtd", hex_encode(quote->td.mr_td)}};
        for (std::size_t i = 0; i < tdx::kRegisters; ++i)
            out.emplace("rtmr" + std::to_string(i), hex_encode(quote->td.rtmr[i]));
        const auto chain = crypto::Certificate::chain_from_pem(quote->pck_chain, limits::kCertificateChain);
        const auto pck = chain ? tdx::parse_pck(chain->front()) : std::unexpected(chain.error());
        if (!pck) return fail(Reason::evidence_device_failed, pck.error().context);
        out.emplace("fmspc", hex_encode(pck->fmspc));
        out.emplace("ppid", hex_encode(pck->ppid));
        return out;
    }

    void release() override {}

private:
    Result<Bytes> quote_over(const Sha512& binding) {
        auto report = tsm::make_report(*reports_, {.provider = kProvider, .data = binding});
        if (!report) return explained(report.error());
        if (report->out.size() > limits::kTdxQuote) return fail(Reason::evidence_device_failed, "a quote too large");
        return std::move(report->out);
    }

    // A TD with a kernel that is too old.
    [[nodiscard]] std::unexpected<Error> explained(Error error) const {
        if (error.reason == Reason::evidence_device_absent && error.sys_errno == ENOENT &&
            ::access(device_.c_str(), F_OK) == 0)
            error.context += ": there is " + device_ +
                             ", but what it makes (TDREPORT) only this platform can check; quotes need configfs-tsm, "
                             "in Linux since 6.7";
        return std::unexpected(std::move(error));
    }

    std::unique_ptr<tsm::Folder> reports_;
    std::string kind_, device_, event_log_;
};

}  // namespace

std::unique_ptr<Collector> make_tdx_collector(std::unique_ptr<tsm::Folder> reports, std::string_view kind,
                                              std::string device, std::string event_log) {
    return std::make_unique<TdxCollector>(std::move(reports), kind, std::move(device), std::move(event_log));
}

}  // namespace ct::attest
