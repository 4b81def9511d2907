// SPDX-License-Identifier: Apache-2.0
// Builds HCL reports of Azure's paravisor byte by byte, well-formed or not, without sharing code with the parser.
#pragma once

#include <string>

#include "base/bytes.h"

namespace ct::test {

struct HclFields {
    std::string magic = "HCLA";
    std::uint32_t version = 2, request = 2;
    Bytes report = Bytes(1184, 0x5a);  // shorter ones are padded
    std::uint32_t runtime_version = 1, hardware = 2, hash = 1;
    std::string runtime;
    int size_more = 0, runtime_size_more = 0;  // added to the true sizes
    std::size_t padding = 200;

    [[nodiscard]] Bytes bytes() const;
};

// Runtime data that names this modulus (with exponent 65537) as the attestation key's.
std::string hcl_runtime(ByteView ak_modulus, const std::string& user_data = std::string(128, '0'));
// Nothing but that key: the NV indices of a software TPM end at 2048 bytes.
std::string short_hcl_runtime(ByteView ak_modulus);

}  // namespace ct::test
