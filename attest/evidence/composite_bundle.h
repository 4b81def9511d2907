// SPDX-License-Identifier: Apache-2.0
// What node and gate tell each other about kinds that are a TPM and confidential hardware together: each body is the TPM's part
// (tpm2_bundle.h) and the hardware's. Canonical CBOR; docs/evidence-composite.md lists the fields.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest {

// An introduction, a request or an evidence. Views into what was decoded.
struct Parts {
    ByteView tpm, hardware;
};
Bytes encode(const Parts& parts);
// evidence_too_large, evidence_malformed.
Result<Parts> decode_parts(ByteView bytes, std::size_t most);

namespace azure {

// The hardware's part; an introduction has none.
struct Request {
    bool user_data =
        false;  // write the binding value into the TPM first, so that the hardware's report is over it, too
};
Bytes encode(const Request& request);
Result<Request> decode_request(ByteView bytes);

struct Evidence {
    ByteView hcl_report;
    std::vector<ByteView> certificates;  // SNP: DER, the signing key's first; none where the host gives none
    ByteView quote;                      // TDX: of the TD; empty for SNP
};
Bytes encode(const Evidence& evidence);
Result<Evidence> decode_evidence(ByteView bytes);

}  // namespace azure
}  // namespace ct::attest
