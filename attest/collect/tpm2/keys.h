// SPDX-License-Identifier: Apache-2.0
// Attestation and endorsement keys on a TPM. Private to this folder.
#pragma once

#include "attest/collect/tpm2/device.h"
#include "attest/collect/tpm2/settings.h"

namespace ct::attest::tss {

struct Key {
    Handle handle;
    Bytes public_area;  // TPMT_PUBLIC
};

// The key at a persistent handle, or the one that the template makes. The template is that of
//   tpm2_createprimary -C e -g sha256 -G ecc256:ecdsa-sha256 -a ATTRIBUTES
// with fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign (RSA: -G rsa2048:rsassa-sha256), so that an
// admin can learn its Name without us.
Result<Key> open_ak(Device& device, std::uint32_t persistent_handle, TpmKeyType type);

// The key that the template in an NV index makes: how Google's machines have theirs.
Result<Key> open_ak_of_template(Device& device, std::uint32_t nv_index);

// TCG EK Credential Profile, templates L-1 (RSA 2048) and L-2 (P-256). Taken from `persistent_handle` if the key there has
// the template's form, for making an RSA key may take a TPM many seconds.
Result<Key> open_ek(Device& device, std::uint32_t persistent_handle, TpmKeyType type);

}  // namespace ct::attest::tss
