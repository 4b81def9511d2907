// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "attest/collect/tpm2/device.h"
#include "attest/collect/tpm2/settings.h"

namespace ct::attest::tss {

// Certificates in DER, leaf first. What is not there is left out: whether it suffices is the gate's to say.
Result<std::vector<Bytes>> ak_certificates(Device& device, const Tpm2Settings& settings);
Result<std::vector<Bytes>> ek_certificates(Device& device, const Tpm2Settings& settings);

}  // namespace ct::attest::tss
