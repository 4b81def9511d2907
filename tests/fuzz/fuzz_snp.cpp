// SPDX-License-Identifier: Apache-2.0
// Evidence of kind "sev-snp", as a hostile node may send it: the body, the report in it, and the certificates; and
// the table in which a hostile host hands those over.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/snp_certificates.h"
#include "attest/evidence/snp_endorsement.h"
#include "attest/evidence/snp_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest::snp;
    const ByteView input(data, size);
    static_cast<void>(decode_introduction(input));
    static_cast<void>(decode_request(input));
    if (const auto report = parse_report(input)) {
        if (report->signed_bytes.size() != kSignedSize || report->r.size() != 48 || report->s.size() != 48)
            std::abort();
        static_cast<void>(report->product());
    }
    if (const auto evidence = decode_evidence(input)) {
        static_cast<void>(parse_report(evidence->report));
        for (const ByteView der : evidence->certificates)
            if (const auto certificate = crypto::Certificate::from_der(der))
                static_cast<void>(parse_endorsement(*certificate));
        if (encode(*evidence) != to_vector(input)) std::abort();  // one value, one encoding
    }
    if (const auto table = parse_certificates(input))
        for (const ByteView one : {table->vcek, table->vlek, table->ask, table->ark})
            if (!one.empty() && (one.data() < data || one.data() + one.size() > data + size)) std::abort();
    if (const auto certificate = crypto::Certificate::from_der(input))
        static_cast<void>(parse_endorsement(*certificate));
    return 0;
}
