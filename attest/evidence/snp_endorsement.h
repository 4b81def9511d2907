// SPDX-License-Identifier: Apache-2.0
// What AMD says in the certificate of the key that signed a report: a VCEK (of one chip) or a VLEK (of a cloud provider).
// VCEK Certificate and KDS Interface Specification (AMD 57230), section "X.509v3 extensions".
#pragma once

#include <string>

#include "attest/evidence/snp_report.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace ct::attest::snp {

struct Endorsement {
    Product product = Product::milan;
    SigningKey key = SigningKey::vcek;
    Tcb tcb;             // for which the key was derived
    Bytes chip_id;       // of a VCEK: 64 bytes, 8 on Turin
    std::string csp_id;  // of a VLEK: "CN=cc-us-east-2.amazonaws.com"
};

// evidence_product_unknown, or evidence_malformed: an extension that is missing, stands twice or is none of AMD's forms.
Result<Endorsement> parse_endorsement(const crypto::Certificate& certificate);

}  // namespace ct::attest::snp
