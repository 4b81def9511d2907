// SPDX-License-Identifier: Apache-2.0
// The event log of a confidential machine's firmware (ACPI table CCEL): the form of a TPM's, with measurement registers in the
// place of PCRs. UEFI Specification 2.10, section 38.4.1 "Virtual Platform CC Event Log"; Intel TDX Virtual Firmware Design
// Guide, section 8.1: index 0 is MRTD, 1 to 4 are RTMR0 to RTMR3.
#pragma once

#include <array>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tdx {

// The values of RTMR0 to RTMR3 that the log leads to. evidence_too_large, evidence_malformed: also for an event of MRTD, which
// nothing extends; evidence_event_log_missing when the log has no SHA-384 digests.
Result<std::array<ByteArray<48>, 4>> replay_rtmrs(ByteView log);

}  // namespace ct::attest::tdx
