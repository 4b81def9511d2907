// SPDX-License-Identifier: Apache-2.0
// What the gate looks at itself before it believes a judge, who has read what machines sent that the company does not own: that
// the answer is one that an honest judge can give to this case under this policy. Left to believe is what the evidence says.
#pragma once

#include "attest/judge/appraisal.h"
#include "attest/judge/decision.h"
#include "attest/judge/policy.h"
#include "attest/judge/record.h"
#include "base/limits.h"
#include "base/result.h"

namespace ct::gate {

// Of one kind, in a challenge or kept until the proof comes. The largest that any verifier makes is a credential for a TPM's
// endorsement key, of less than 1 KiB; whatever is more is a message from somebody else's case.
inline constexpr std::size_t kMostRequest = 4096;

// Of the bundle, for one verdict. With two largest messages and a policy it fits into a record: a release whose record nobody can
// read would be forgotten by the next start, and its token not ended.
inline constexpr std::size_t kMostCollateral = 6UZ << 20;
static_assert(kMostCollateral + 2 * limits::kGateMessage + judge::kPolicySize < judge::kRecordSize);

// judge_unavailable, and in words what no honest judge says.
Status scrutinise(const judge::Opening& opening, const judge::Policy& policy, const judge::Case& facts);
Status scrutinise(const judge::Decision& decision, const judge::Policy& policy, const judge::Case& facts);

}  // namespace ct::gate
