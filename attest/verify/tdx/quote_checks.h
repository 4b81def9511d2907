// SPDX-License-Identifier: Apache-2.0
// The checks on a parsed quote, one finding each. None of them returns early: a verdict names all that is wrong.
#pragma once

#include <vector>

#include "attest/evidence/tdx_quote.h"
#include "attest/verify/tdx/policy.h"
#include "attest/verify/tdx/tcb_info.h"

namespace ct::attest::tdx {

using Findings = std::vector<Finding>;

// The attestation key signed the quote, and the quoting enclave speaks for that key.
void check_signature(const Quote& quote, Findings& findings);
// The PCK signed the enclave's report.
void check_qe_signature(const Quote& quote, const crypto::PublicKey& pck, Findings& findings);
// The enclave is the one that Intel publishes.
void check_qe_identity(const EnclaveReport& qe, const QeIdentity& identity, Findings& findings);
// The TD had the binding signed. Constant time.
void check_freshness(const TdReport& td, const Sha512& binding, Findings& findings);
// Attributes that open the TD, or move it; the end of a migration TD that is known for a time.
WallTime check_security(const TdReport& td, const TdxPolicy& policy, WallTime at, Findings& findings);
// The module is signed by whom Intel names for its version.
void check_module(const TdReport& td, const TcbInfo& info, Findings& findings);
// All measurements that the policy names; the end of those that it allows for a time.
WallTime check_measurements(const TdReport& td, const TdxPolicy& policy, WallTime at, Findings& findings);
// The firmware's log leads to the quoted RTMRs, where the policy wants a log.
void check_event_log(const TdReport& td, ByteView log, const TdxPolicy& policy, Findings& findings);
// FMSPC and PPID against the lists; the end of those that welcome them for a time.
WallTime check_platform(const Pck& pck, const TdxPolicy& policy, WallTime at, Findings& findings);
// Status, advisories and evaluation against the policy.
void check_assessment(const Assessment& assessment, const TdxPolicy& policy, Findings& findings);

}  // namespace ct::attest::tdx
