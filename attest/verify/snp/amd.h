// SPDX-License-Identifier: Apache-2.0
// AMD's own certificates, built in (attest/roots).
#pragma once

#include <vector>

#include "attest/evidence/snp_report.h"
#include "crypto/x509.h"

namespace ct::attest::snp {

struct Authority {
    std::vector<crypto::Certificate> roots;  // who is trusted: the ARK of one product
    std::vector<crypto::Certificate>
        intermediates;  // ASK and ASVK, for hosts that do not send them; trusted by nothing
};

const Authority& amd(Product product);

}  // namespace ct::attest::snp
