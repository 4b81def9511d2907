// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attest/verify/allowed.h"
#include "attest/verify/tdx/tcb_status.h"
#include "attest/verify/verifier.h"
#include "crypto/x509.h"

namespace ct::attest::tdx {

// Table [workload.NAME.tdx]; VALUES as allowed.h reads them, of 48 bytes where nothing else is said:
//   mrtd = VALUES                    # what the TD was launched with; required
//   rtmr0 = VALUES                   # ... rtmr3, mrconfigid, mrowner, mrownerconfig, mrseam: any, if not given
//   mrservicetd = VALUES             # migration TDs that are known; without it a TD that may migrate is refused
//   statuses = ["UpToDate"]          # of the whole platform, in Intel's words; Revoked cannot stand here
//   advisories = ["INTEL-SA-00001"]  # those that may be open; any, if not given
//   evaluation_floor = 0             # least tcbEvaluationDataNumber of Intel's collateral
//   require_crl = true
//   allow_sept_ve = false            # a TD without SEPT_VE_DISABLE: its kernel must do without
//   fmspcs, deny_fmspcs = VALUES     # families of processors, 6 bytes
//   ppids, deny_ppids = VALUES       # platforms, 16 bytes
//   require_event_log = false        # the firmware's log must replay to the RTMRs...
//   event_log_rtmrs = [0, 1, 2]      # ...these of them: RTMR3 is the programs', who log elsewhere
//   roots = "NAME.pem"               # kind simulated-tdx alone, which has no root of its own
struct TdxPolicy final : KindPolicy {
    std::map<std::string, AllowedValues, std::less<>> measurements;
    std::set<TcbStatus> statuses = {TcbStatus::up_to_date};
    std::optional<std::set<std::string>> advisories;
    std::uint32_t evaluation_floor = 0;
    bool require_crl = true;
    bool allow_sept_ve = false;
    bool require_event_log = false;
    std::set<unsigned> event_log_rtmrs = {0, 1, 2};
    AllowedValues fmspcs, deny_fmspcs, ppids, deny_ppids;
    std::vector<crypto::Certificate> roots;  // of a simulated kind
};

Result<std::shared_ptr<const TdxPolicy>> parse_tdx_policy(const config::Node& table, const Attachments& attachments,
                                                          bool simulated);

}  // namespace ct::attest::tdx
