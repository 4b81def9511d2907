// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "codec/base64.h"

namespace ct::test {

inline std::string certificate_pem(ByteView der) {
    std::string out = "-----BEGIN CERTIFICATE-----\n";
    const std::string digits = base64_encode(der);
    for (std::size_t at = 0; at < digits.size(); at += 64)
        out += digits.substr(at, 64) + "\n";
    return out + "-----END CERTIFICATE-----\n";
}

}  // namespace ct::test
