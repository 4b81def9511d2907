// SPDX-License-Identifier: Apache-2.0
// All that a quote says under a policy, but for who vouches for its key: kinds differ in that alone.
#pragma once

#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_public.h"
#include "attest/verify/tpm2/policy.h"

namespace ct::attest::tpm {

// evidence_key_attributes: it may sign other things than quotes, or may exist outside its TPM.
Status check_key_attributes(const Public& ak);
// The same as a finding, and the key as claims.
void judge_key(const Public& ak, const Tpm2Policy& policy, Memo* memo, Verdict& verdict);
// Claims NAME, the fingerprint of the key's TPMT_PUBLIC, and NAME_key, that of its SPKI; evidence_platform_denied for a key that the
// policy shuts out. Only the latter names a key for good: a node writes the attributes around it as it likes, and no certificate
// covers them.
void name_key(const std::string& name, const Public& key, const Tpm2Policy& policy, Memo* memo, Verdict& verdict);
// Without `ak`, whose fault has been found before, all but the signature; without `binding`, all but what the quote is over.
void judge_quote(const Public* ak, const Evidence& evidence, const Sha512* binding, const Tpm2Policy& policy,
                 Verdict& verdict);

}  // namespace ct::attest::tpm
