// SPDX-License-Identifier: Apache-2.0
// Numbers of the TCG Algorithm Registry, as far as keys, quotes and logs use them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "crypto/digest.h"

namespace ct::attest::tpm {

namespace alg {
inline constexpr std::uint16_t kRsa = 0x0001, kSha1 = 0x0004, kAes = 0x0006, kSha256 = 0x000b, kSha384 = 0x000c,
                               kSha512 = 0x000d, kNull = 0x0010, kRsaSsa = 0x0014, kRsaEs = 0x0015, kRsaPss = 0x0016,
                               kOaep = 0x0017, kEcdsa = 0x0018, kEcdh = 0x0019, kEcdaa = 0x001a, kSm2 = 0x001b,
                               kEcSchnorr = 0x001c, kEcMqv = 0x001d, kEcc = 0x0023, kCfb = 0x0043;
}  // namespace alg

namespace curve {
inline constexpr std::uint16_t kP256 = 0x0003, kP384 = 0x0004, kP521 = 0x0005;
}

// nullopt for a hash that we do not compute (SM3, SHA-3).
std::optional<crypto::Hash> hash_of(std::uint16_t algorithm);
std::uint16_t algorithm_of(crypto::Hash hash);
// "sha256", as banks are called in policies and by the usual tools; empty for one that we do not know.
std::string_view bank_name(std::uint16_t algorithm);
std::optional<std::uint16_t> bank_from_name(std::string_view name);

}  // namespace ct::attest::tpm
