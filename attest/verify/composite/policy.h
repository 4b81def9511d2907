// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "attest/verify/tpm2/policy.h"
#include "attest/verify/verifier.h"
#include "crypto/x509.h"

namespace ct::attest::composite {

// Table [workload.NAME.azure-snp], azure-tdx or gce-snp: one table for each half, and little else.
//   [workload.NAME.KIND.tpm2]        # as of kind tpm2, without ak, ak_roots, ek, ek_roots and enrolled: which key may speak
//                                    # is the hardware's to say
//   [workload.NAME.KIND.sev-snp]     # or tdx: as of that kind
//   fresh_report = false             # azure-snp: the hardware's report, too, must be made for this very session
//   ak_roots = "NAME.pem"            # simulated-gce-snp alone, which has no root of its own
struct CompositePolicy final : KindPolicy {
    std::shared_ptr<const tpm::Tpm2Policy> tpm;
    std::shared_ptr<const KindPolicy> hardware;
    bool fresh_report = false;
    std::vector<crypto::Certificate> ak_roots;  // of a simulated kind
};

// The two tables; the hardware's is called `key`.
Status read_halves(const config::Node& table, std::string_view key, const Verifier& hardware,
                   const Attachments& attachments, CompositePolicy& policy);

}  // namespace ct::attest::composite
