// SPDX-License-Identifier: Apache-2.0
// What node and gate tell each other about kind "tdx", inside the opaque bodies of the release protocol. Canonical CBOR;
// docs/evidence-tdx.md lists the fields. Introduction and request say nothing yet: there is one thing to prove and one way.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tdx {

Bytes encode_introduction();
Status decode_introduction(ByteView bytes);

Bytes encode_request();
Status decode_request(ByteView bytes);

struct Evidence {
    ByteView quote;  // a view into what was decoded
};
Bytes encode(const Evidence& evidence);
Result<Evidence> decode_evidence(ByteView bytes);

}  // namespace ct::attest::tdx
