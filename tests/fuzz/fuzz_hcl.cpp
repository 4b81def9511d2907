// SPDX-License-Identifier: Apache-2.0
// Evidence of the composite kinds, as a hostile node may send it: the bodies, an HCL report and its runtime data.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/hcl_report.h"
#include "attest/evidence/hcl_runtime.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest;
    const ByteView input(data, size);
    if (const auto parts = decode_parts(input, size); parts && encode(*parts) != to_vector(input)) std::abort();
    if (const auto request = azure::decode_request(input); request && encode(*request) != to_vector(input))
        std::abort();
    if (const auto evidence = azure::decode_evidence(input); evidence && encode(*evidence) != to_vector(input))
        std::abort();
    if (const auto report = azure::parse_hcl_report(input)) {
        if (report->report.size() > azure::kHclReportSize || report->runtime.size() >= size) std::abort();
        static_cast<void>(azure::report_data_of(*report));
        static_cast<void>(azure::parse_runtime(report->runtime));
    }
    if (const auto runtime = azure::parse_runtime(input); runtime && runtime->ak_modulus.empty()) std::abort();
    return 0;
}
