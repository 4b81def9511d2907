// SPDX-License-Identifier: Apache-2.0
// The checks on a parsed quote, one finding each. None of them returns early: a verdict names all that is wrong.
#pragma once

#include <vector>

#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_attest.h"
#include "attest/evidence/tpm_public.h"
#include "attest/evidence/tpm_signature.h"
#include "attest/verify/tpm2/policy.h"

namespace ct::attest::tpm {

using Findings = std::vector<Finding>;

// Hash, scheme and key fit, and the key made the signature over `attest`.
void check_signature(const Signature& signature, const Public& ak, ByteView attest, Findings& findings);
// The quote is over the first half of the binding. Constant time.
void check_freshness(const Quote& quote, const Sha512& binding, Findings& findings);
// What was quoted is what the policy asks for, the reported values are those that were signed, and all are allowed.
void check_pcrs(const Quote& quote, crypto::Hash scheme_hash, const Evidence& evidence, const Tpm2Policy& policy,
                Findings& findings);
// The log leads to the reported values, where the policy wants a log.
void check_event_log(const Evidence& evidence, const Tpm2Policy& policy, Findings& findings);
// Clock and counters.
void check_state(const Quote& quote, const Tpm2Policy& policy, Findings& findings);

}  // namespace ct::attest::tpm
