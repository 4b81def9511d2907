// SPDX-License-Identifier: Apache-2.0
// What node and gate tell each other about kind "nitro", inside the opaque bodies of the release protocol. Canonical CBOR;
// docs/evidence-nitro.md lists the fields. Decoded structures hold views into their input.
#pragma once

#include <string_view>

#include "attest/evidence/nitro_document.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::nitro {

inline constexpr std::string_view kKind = "nitro";
inline constexpr std::string_view kSimulatedKind = "simulated-nitro";

// The document's user_data. An enclave may well run a service that has documents made over nonces of its callers' choice:
// with this word, none of those passes for one that attestd asked for.
inline constexpr std::string_view kPurpose = "cloudtaser/nitro/v1";

struct Introduction {
    Form form = Form::enclave;  // of the documents that this node can show
};
Bytes encode(const Introduction& introduction);
Result<Introduction> decode_introduction(ByteView bytes);

struct Request {
    Form form = Form::enclave;  // of the document that the policy wants
};
Bytes encode(const Request& request);
Result<Request> decode_request(ByteView bytes);

struct Evidence {
    ByteView document;
};
Bytes encode(const Evidence& evidence);
Result<Evidence> decode_evidence(ByteView bytes);

}  // namespace ct::attest::nitro
