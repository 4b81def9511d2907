// SPDX-License-Identifier: Apache-2.0
// The answer of a hostile host's quote generation service, as it comes off the socket, and a TDREPORT: what is found lies within
// the input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/qgs_messages.h"
#include "attest/evidence/tdx_quote.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest::tdx;
    const ByteView input(data, size);
    const auto inside = [&](ByteView part) {
        if (part.empty() || part.data() < data || part.data() + part.size() > data + size) std::abort();
    };
    if (const auto reported = module_report_data(input)) inside(*reported);
    if (size < kQgsPrefix) return 0;
    const ByteView message = input.subspan(kQgsPrefix);
    if (const auto announced = parse_qgs_prefix(input.first(kQgsPrefix)))
        if (*announced < kQgsAnswerHead || *announced > kMostQgsAnswer) std::abort();
    if (const auto quote = parse_quote_answer(message)) {
        inside(*quote);
        const std::size_t beside = message.size() - quote->size();
        if (quote->size() > limits::kTdxQuote || (beside != kQgsAnswerHead && beside != kQgsAnswerHead + kQgsKeyName))
            std::abort();
        static_cast<void>(parse_quote(*quote));
    }
    return 0;
}
