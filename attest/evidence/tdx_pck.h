// SPDX-License-Identifier: Apache-2.0
// What Intel says of a platform in the certificate of its provisioning certification key (PCK). Intel SGX PCK Certificate and
// Certificate Revocation List Profile Specification, section 1.3.5 "Intel SGX PCK Certificate: SGX extensions".
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace ct::attest::tdx {

inline constexpr std::size_t kComponents = 16;

struct Pck {
    ByteArray<16> ppid{};  // of the platform
    ByteArray<6> fmspc{};  // its family, model, stepping and SKU
    ByteArray<2> pce_id{};
    std::array<std::uint8_t, kComponents> components{};  // security versions: compared one by one
    std::uint16_t pce_svn = 0;
};

// evidence_malformed: the SGX extension is missing, stands twice or is not as above; further members of it are let pass.
Result<Pck> parse_pck(const crypto::Certificate& certificate);
// The content of the extension.
Result<Pck> parse_sgx_extension(ByteView der);

}  // namespace ct::attest::tdx
