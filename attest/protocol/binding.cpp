// SPDX-License-Identifier: Apache-2.0
#include "attest/protocol/binding.h"

#include <initializer_list>

#include "crypto/digest.h"

namespace ct::attest {
namespace {

using namespace std::string_view_literals;
constexpr std::string_view kDomain = "cloudtaser/attest/v1\0"sv;

void add_field(Bytes& out, ByteView field) {
    const auto size = static_cast<std::uint32_t>(field.size());
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(size >> shift));
    append(out, field);
}

}  // namespace

Sha512 binding_value(const BindingInputs& inputs) {
    ByteArray<8> epoch;
    for (std::size_t i = 0; i < epoch.size(); ++i) {
        epoch[i] = static_cast<std::uint8_t>(inputs.policy_epoch >> (8 * (epoch.size() - 1 - i)));
    }
    Bytes message = to_vector(as_bytes(kDomain));
    for (const ByteView field : std::initializer_list<ByteView>{
             as_bytes(inputs.role), inputs.challenge, inputs.exporter, inputs.node_spki, inputs.gate_spki,
             inputs.sealing_key, as_bytes(inputs.workload), inputs.identity, epoch}) {
        add_field(message, field);
    }
    return crypto::sha512(message);
}

}  // namespace ct::attest
