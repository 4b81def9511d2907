// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "attest/evidence/nitro_document.h"
#include "attest/verify/allowed.h"
#include "attest/verify/verifier.h"
#include "crypto/x509.h"

namespace ct::attest::nitro {

// Table [workload.NAME.nitro]; VALUES as allowed.h reads them, 48 bytes each:
//   document = "enclave"                # whose: "enclave" or "nitrotpm"
//   pcrs = { "0" = VALUES, "8" = VALUES }   # each PCR with the values that are allowed; others may be anything
//   roots = "NAME.pem"                  # kind simulated-nitro alone, which has no root of its own
// Of an enclave, PCRs 0, 1, 2 and 8 are zero where nothing was measured: such a value cannot be allowed, and at least 0, or 8, or
// 1 and 2 must be named, or any image would do.
struct NitroPolicy final : KindPolicy {
    Form form = Form::enclave;
    std::map<unsigned, AllowedValues> pcrs;
    std::vector<crypto::Certificate> roots;  // of a simulated kind
};

Result<std::shared_ptr<const NitroPolicy>> parse_nitro_policy(const config::Node& table, const Attachments& attachments,
                                                              bool simulated);

}  // namespace ct::attest::nitro
