// SPDX-License-Identifier: Apache-2.0
// A TPM on paper: an RSA attestation key of the test's own, quotes of whatever fields a test gives. Nothing it says is checked
// by anything; for a TPM that keeps its rules see swtpm.h.
#pragma once

#include <map>
#include <memory>

#include "base/bytes.h"
#include "crypto/x509.h"
#include "support/tpm_builder.h"

struct evp_pkey_st;

namespace ct::test {

class SimulatedTpm {
public:
    // Equal numbers are one TPM, in one process.
    explicit SimulatedTpm(int which);

    [[nodiscard]] Bytes ak_public() const;  // TPMT_PUBLIC, RSASSA with SHA-256
    [[nodiscard]] crypto::PublicKey ak_key() const;
    [[nodiscard]] Bytes ak_modulus() const;
    // TPMT_SIGNATURE over a TPMS_ATTEST.
    [[nodiscard]] Bytes sign(ByteView attest) const;

private:
    std::shared_ptr<evp_pkey_st> key_;
};

// The digest of a quote over these PCRs of the SHA-256 bank, and the bitmap that selects them.
Bytes pcr_digest(const std::map<unsigned, Bytes>& pcrs);
Bytes pcr_bitmap(const std::map<unsigned, Bytes>& pcrs);

}  // namespace ct::test
