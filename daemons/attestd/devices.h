// SPDX-License-Identifier: Apache-2.0
// What this machine may prove itself with, by its settings: one entry a kind of evidence, in the order of preference.
#pragma once

#include <memory>
#include <vector>

#include "attest/collect/collector.h"
#include "daemons/attestd/settings.h"

namespace ct::attestd {

struct Device {
    std::unique_ptr<attest::Collector> collector;
    bool expected = true;    // its absence is a trouble, whatever else there is
    bool simulated = false;  // proves nothing
    std::string file = {};   // what its driver makes; empty: ask the device itself

    // A look that opens nothing and needs no rights.
    [[nodiscard]] bool there() const;
};

// The confidential machine before the TPM, which a host may have made for it; simulated ones last.
std::vector<Device> devices_of(const Settings& settings);

}  // namespace ct::attestd
