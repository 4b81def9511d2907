// SPDX-License-Identifier: Apache-2.0
// Evidence of kind "tdx", as a hostile node may send it: the body, and the quote in it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_quote.h"

namespace {

void parse(ct::ByteView bytes) {
    const auto quote = ct::attest::tdx::parse_quote(bytes);
    if (!quote) return;
    const auto within = [&](ct::ByteView part) {
        return part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size();
    };
    const auto& td = quote->td;
    for (const ct::ByteView part : {quote->signed_bytes, quote->qe_report, quote->qe_auth_data,
                                    ct::as_bytes(quote->pck_chain), td.mr_td, td.rtmr[3], td.report_data})
        if (!part.empty() && !within(part)) std::abort();
    const bool sizes = quote->signature.size() == 64 && quote->attestation_key.size() == 64 &&
                       quote->qe_report.size() == 384 && quote->qe.report_data.size() == 64 &&
                       td.tee_tcb_svn.size() == 16 && td.report_data.size() == 64 &&
                       (td.tee_tcb_svn2.empty() || td.tee_tcb_svn2.size() == 16);
    if (!sizes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest::tdx;
    const ByteView input(data, size);
    parse(input);
    static_cast<void>(decode_introduction(input));
    static_cast<void>(decode_request(input));
    if (const auto evidence = decode_evidence(input)) {
        parse(evidence->quote);
        if (!std::ranges::equal(encode(*evidence), input)) std::abort();  // one value, one encoding
    }
    return 0;
}
