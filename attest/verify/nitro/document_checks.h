// SPDX-License-Identifier: Apache-2.0
// What a document must say, apart from who signed it. Each check has a reason of its own.
#pragma once

#include <vector>

#include "attest/evidence/nitro_document.h"
#include "attest/verify/nitro/policy.h"

namespace ct::attest::nitro {

using Findings = std::vector<Finding>;

// The nonce is this exchange's binding value. Constant time.
void check_freshness(const Document& document, const Sha512& binding, Findings& findings);
// Made for a release, not for another service of the same machine.
void check_purpose(const Document& document, Findings& findings);
// Of an enclave, or of a NitroTPM, as the policy wants it.
void check_form(const Document& document, const NitroPolicy& policy, Findings& findings);
// PCRs 0, 1 and 2 were measured: in an enclave in debug mode they are zero.
void check_debug(const Document& document, Findings& findings);
// Each PCR of the policy has an allowed value. Until when those that matched are good.
WallTime check_pcrs(const Document& document, const NitroPolicy& policy, WallTime at, Findings& findings);

}  // namespace ct::attest::nitro
