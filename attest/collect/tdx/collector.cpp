// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tdx/collector.h"

#include <algorithm>

#include "attest/collect/tsm/report.h"
#include "attest/evidence/qgs_messages.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_pck.h"
#include "attest/evidence/tdx_quote.h"
#include "base/fd.h"
#include "base/limits.h"
#include "codec/hex.h"

namespace ct::attest {
namespace {

constexpr std::string_view kProvider = "tdx_guest";

bool absent(const Error& error) { return error.reason == Reason::evidence_device_absent; }

// Of the device and the host's service. Both are checked for whose report it is: the node finds out at once, and not the gate later,
// that a service gives away the quotes of others.
Result<Bytes> quote_by_service(tdx::Device& device, tdx::QuoteService& service, const Sha512& binding) {
    CT_TRY(const Bytes report, device.report(binding));
    CT_TRY(const ByteView reported, tdx::module_report_data(report));
    if (!std::ranges::equal(reported, binding))
        return fail(Reason::evidence_device_failed, "the device reports on something else");
    CT_TRY(Bytes bytes, service.quote(report));
    const auto quote = tdx::parse_quote(bytes);
    if (!quote) return fail(Reason::evidence_device_failed, "the quote service: " + quote.error().context);
    if (!std::ranges::equal(quote->td.report_data, binding))
        return fail(Reason::evidence_device_failed, "the quote service: a quote of another report");
    return bytes;
}

// What a TD lacks that has neither the kernel's quotes nor a service.
std::unexpected<Error> explained(Error error) {
    if (absent(error))
        error.context +=
            ": this is a TD, but what its device makes (TDREPORT) only this platform can check; quotes need configfs-tsm, in Linux since "
            "6.7, or the host's quote service";
    return std::unexpected(std::move(error));
}

class TdxCollector final : public Collector {
public:
    TdxCollector(TdxSources sources, std::string_view kind) : sources_(std::move(sources)), kind_(kind) {}

    [[nodiscard]] std::string_view kind() const override { return kind_; }

    // Nothing to say; but to say it one must be a TD that can have quotes.
    Result<Bytes> introduction() override {
        if (const Status by_kernel = kernel_quotes(); !by_kernel) {
            if (!absent(by_kernel.error())) return std::unexpected(by_kernel.error());
            CT_CHECK(device_quotes(by_kernel.error()));
            if (const Status there = sources_.service->present(); !there) return explained(there.error());
        }
        return tdx::encode_introduction();
    }

    Result<Bytes> collect(ByteView request, const Sha512& binding) override {
        const auto asked = tdx::decode_request(request);
        if (!asked) return fail(Reason::invalid_argument, "the gate's request: " + asked.error().context);
        CT_TRY(const Bytes quote, quote_over(binding));
        Bytes log;
        if (asked->event_log) {
            // Without one the gate says what that means; a log that is too large or unreadable counts as none.
            if (const auto text = read_file(sources_.event_log, limits::kEventLog)) log = to_vector(as_bytes(*text));
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

    void release() override {}  // nothing is held

private:
    Status kernel_quotes() {
        if (!sources_.reports) return fail(Reason::evidence_device_absent, "no folder of reports");
        CT_TRY(const auto machine, tsm::probe(*sources_.reports));
        if (machine.provider == kProvider) return {};
        return fail(Reason::evidence_device_absent, "this machine's reports are by " + machine.provider);
    }

    // Whether to ask the device and the service, where the kernel has no quotes.
    Status device_quotes(Error error) {
        if (!sources_.device) return std::unexpected(std::move(error));
        if (const Status there = sources_.device->present(); !there)
            return absent(there.error()) ? std::unexpected(std::move(error)) : there;
        return sources_.service ? Status{} : explained(std::move(error));
    }

    Result<Bytes> quote_over(const Sha512& binding) {
        auto report = sources_.reports ? tsm::make_report(*sources_.reports, {.provider = kProvider, .data = binding})
                                       : fail(Reason::evidence_device_absent, "no folder of reports");
        if (report) {
            if (report->out.size() > limits::kTdxQuote)
                return fail(Reason::evidence_device_failed, "a quote too large");
            return std::move(report->out);
        }
        if (!absent(report.error())) return std::unexpected(report.error());
        CT_CHECK(device_quotes(report.error()));
        auto quote = quote_by_service(*sources_.device, *sources_.service, binding);
        if (!quote) return explained(quote.error());
        return quote;
    }

    TdxSources sources_;
    std::string kind_;
};

}  // namespace

std::unique_ptr<Collector> make_tdx_collector(TdxSources sources, std::string_view kind) {
    return std::make_unique<TdxCollector>(std::move(sources), kind);
}

}  // namespace ct::attest
