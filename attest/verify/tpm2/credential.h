// SPDX-License-Identifier: Apache-2.0
// TPM2_MakeCredential without a TPM. TPM 2.0 Library, Part 1 section 24 and annexes B.10.4 (RSA), C.6.4 (ECC).
#pragma once

#include "attest/evidence/tpm_public.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tpm {

struct MadeCredential {
    Bytes id_object;         // content of a TPM2B_ID_OBJECT
    Bytes encrypted_secret;  // content of a TPM2B_ENCRYPTED_SECRET
};

// Only the TPM that holds `ek` can open it, and only while a key of Name `ak_name` is loaded there; it then gives out
// `secret` (up to the size of ek's name hash). `seed` has that size too and must be fresh; an ECC key makes its own and
// leaves `seed` unused. evidence_algorithm_weak for an `ek` that is no storage key of AES in CFB mode.
Result<MadeCredential> make_credential(const Public& ek, ByteView ak_name, ByteView secret, ByteView seed);

// Part 1 section 11.4.10.2: SP800-108 in counter mode over HMAC. `label` without its closing zero byte.
Bytes kdf_a(crypto::Hash hash, ByteView key, std::string_view label, ByteView context_u, ByteView context_v,
            std::size_t bits);
// Part 1 section 11.4.10.3, for secrets from ECDH.
Bytes kdf_e(crypto::Hash hash, ByteView z, std::string_view label, ByteView party_u, ByteView party_v,
            std::size_t bits);

}  // namespace ct::attest::tpm
