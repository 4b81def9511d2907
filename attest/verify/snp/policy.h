// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "attest/evidence/snp_report.h"
#include "attest/verify/allowed.h"
#include "attest/verify/verifier.h"
#include "crypto/x509.h"

namespace ct::attest::snp {

// Table [workload.NAME.sev-snp]; VALUES as allowed.h reads them:
//   measurement = VALUES                # launch digests, 48 bytes; required
//   host_data = VALUES                  # 32 bytes; this and the next four: any, if not given
//   id_key = VALUES                     # SHA-384 of the key that signed the ID block
//   author_key = VALUES                 # SHA-384 of the author key
//   family_id = VALUES, image_id = VALUES   # 16 bytes
//   guest_svn = 0                       # at least
//   vmpl = [0]
//   tcb.milan = { boot_loader = 4, tee = 0, snp = 24, microcode = 219 }    # floors, by product; turin has fmc, too.
//   products = ["Milan"]                # those with a floor, by default; all without any floor
//   signing_keys = ["vcek"]             # "vlek" as well, which needs
//   csp_ids = ["CN=..."]                # whose chips these are
//   chips = VALUES, deny_chips = VALUES # chip ids: 64 bytes (Turin: 8 and zeros)
//   allow_debug = false, allow_smt = true, require_single_socket = false
//   migration_agents = VALUES           # who may move the guest: REPORT_ID_MA, 32 bytes
//   require_crl = true
//   roots = "NAME.pem"                  # kind simulated-sev-snp alone, which has no root of its own
struct SnpPolicy final : KindPolicy {
    AllowedValues measurement, host_data, id_key, author_key, family_id, image_id, chips, deny_chips, migration_agents;
    std::uint32_t guest_svn = 0;
    std::set<std::uint32_t> vmpl = {0};
    std::map<Product, Tcb> floors;
    std::set<Product> products;
    std::set<SigningKey> signing_keys = {SigningKey::vcek};
    std::set<std::string> csp_ids;
    bool allow_debug = false, allow_smt = true, require_single_socket = false;
    bool require_crl = true;
    std::vector<crypto::Certificate> roots;  // of a simulated kind
};

Result<std::shared_ptr<const SnpPolicy>> parse_snp_policy(const config::Node& table, const Attachments& attachments,
                                                          bool simulated);

}  // namespace ct::attest::snp
