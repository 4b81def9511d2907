// SPDX-License-Identifier: Apache-2.0
// What node and gate tell each other about kind "tdx", inside the opaque bodies of the release protocol. Canonical CBOR;
// docs/evidence-tdx.md lists the fields. An introduction says nothing: there is one thing to prove and one way.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tdx {

Bytes encode_introduction();
Status decode_introduction(ByteView bytes);

struct Request {
    bool event_log = false;
};
Bytes encode_request(const Request& request = {});
Result<Request> decode_request(ByteView bytes);

// Views into what was decoded.
struct Evidence {
    ByteView quote;
    ByteView event_log = {};  // empty if none
};
Bytes encode(const Evidence& evidence);
Result<Evidence> decode_evidence(ByteView bytes);

}  // namespace ct::attest::tdx
