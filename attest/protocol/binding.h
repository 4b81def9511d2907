// SPDX-License-Identifier: Apache-2.0
// The value that evidence is made over. It names the role, the verifier's challenge (freshness), the TLS exporter and both
// public keys (no relay, no reflection), the sealing key (only its maker can open the token), who asks for what
// (workload, identity) and the policy epoch. docs/binding.md gives the byte layout and known answers.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace ct::attest {

struct BindingInputs {
    std::string_view role;  // "node"
    ByteArray<32> challenge{};
    ByteArray<32> exporter{};  // label kExporterLabel, context = role
    Sha256 node_spki{}, gate_spki{};
    ByteArray<32> sealing_key{};  // HPKE public key
    std::string_view workload;
    Sha256 identity{};  // digest of the encoded identity, protocol/messages.h
    std::uint64_t policy_epoch = 0;
};

inline constexpr std::string_view kExporterLabel = "EXPORTER-cloudtaser-attest-v1";

// SHA-512("cloudtaser/attest/v1" 0x00 | the nine fields in the order above, each as u32be length + bytes; the epoch is
// eight bytes, u64be).
Sha512 binding_value(const BindingInputs& inputs);

}  // namespace ct::attest
