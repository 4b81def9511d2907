// SPDX-License-Identifier: Apache-2.0
// The runtime data of an HCL report: JSON that names the keys of the virtual TPM as JWK (RFC 7517), the machine's settings, and
// what the machine itself wrote into NV index 0x01400002 before. Sources as in hcl_report.h.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::azure {

struct Runtime {
    Bytes ak_modulus;  // of "HCLAkPub", the attestation key; big-endian
    std::uint32_t ak_exponent = 0;
    std::string vm_id;  // "vmUniqueId"; empty when there is none
    std::optional<bool> secure_boot, console;
    Bytes user_data;  // 64; empty when there is none
};

// Members beside those above are let pass. evidence_malformed; evidence_too_large.
Result<Runtime> parse_runtime(ByteView json);

}  // namespace ct::attest::azure
