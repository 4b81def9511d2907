// SPDX-License-Identifier: Apache-2.0
// All that a quote says under a policy, but for who vouches for its key: kinds differ in that alone.
#pragma once

#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_public.h"
#include "attest/verify/tpm2/policy.h"

namespace ct::attest::tpm {

// evidence_key_attributes: it may sign other things than quotes, or may exist outside its TPM.
Status check_key_attributes(const Public& ak);
// The same as a finding, and the key as a claim.
void judge_key(const Public& ak, Verdict& verdict);
// Without `ak`, whose fault has been found before, all but the signature; without `binding`, all but what the quote is over.
void judge_quote(const Public* ak, const Evidence& evidence, const Sha512* binding, const Tpm2Policy& policy,
                 Verdict& verdict);

}  // namespace ct::attest::tpm
