// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "attest/collect/collector.h"
#include "attest/collect/nitro/nsm.h"
#include "attest/evidence/nitro_bundle.h"

namespace ct::attest {

// Documents of an enclave. `kind` is another word only where the device is a simulated one.
std::unique_ptr<Collector> make_nitro_collector(std::unique_ptr<nitro::Nsm> nsm, std::string_view kind = nitro::kKind);

}  // namespace ct::attest
