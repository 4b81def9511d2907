// SPDX-License-Identifier: Apache-2.0
// What a report must say, apart from who signed its key. Each check has a reason of its own.
#pragma once

#include <vector>

#include "attest/evidence/snp_endorsement.h"
#include "attest/evidence/snp_report.h"
#include "attest/verify/snp/policy.h"

namespace ct::attest::snp {

using Findings = std::vector<Finding>;

// That this key signed the report, and is the key of this chip or provider and this firmware.
void check_signature(const Report& report, const crypto::Certificate& signer, Findings& findings);
void check_platform(const Report& report, const Endorsement& endorsement, Findings& findings);

void check_freshness(const Report& report, const Sha512& binding, Findings& findings);
// Debug, privilege level, and the other settings of guest and platform.
void check_state(const Report& report, const SnpPolicy& policy, Findings& findings);
void check_tcb(const Report& report, Product product, const SnpPolicy& policy, Findings& findings);
// The chip's id in 64 bytes: the certificate's where there is one for the chip, because a host can mask that of the report, and so
// hide from lists. Of a VLEK, the report's; zeros if masked.
Bytes chip_of(const Report& report, const Endorsement& endorsement);
// Which signing keys, chips and providers are welcome. Until when the chip is.
WallTime check_owner(const Report& report, const Endorsement& endorsement, const SnpPolicy& policy, WallTime at,
                     Findings& findings);
// Launch digest, identities, and who may move the guest. Until when the values that matched are good.
WallTime check_identity(const Report& report, const SnpPolicy& policy, WallTime at, Findings& findings);

}  // namespace ct::attest::snp
