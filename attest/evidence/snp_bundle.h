// SPDX-License-Identifier: Apache-2.0
// What node and gate tell each other about kind "sev-snp", inside the opaque bodies of the release protocol. Canonical CBOR;
// docs/evidence-sev-snp.md lists the fields. Decoded structures hold views into their input.
#pragma once

#include <vector>

#include "attest/evidence/snp_report.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::snp {

inline constexpr std::uint32_t kMostVmpl = 3;

struct Introduction {
    std::uint32_t vmpl_floor = 0;  // the most privileged level that this guest can have a report made for
};
Bytes encode(const Introduction& introduction);
Result<Introduction> decode_introduction(ByteView bytes);

struct Request {
    std::uint32_t vmpl = 0;
};
Bytes encode(const Request& request);
Result<Request> decode_request(ByteView bytes);

struct Evidence {
    ByteView report;
    std::vector<ByteView> certificates;  // DER, the signing key's first; none where the host gives none
};
Bytes encode(const Evidence& evidence);
Result<Evidence> decode_evidence(ByteView bytes);

}  // namespace ct::attest::snp
