// SPDX-License-Identifier: Apache-2.0
// A confidential machine of paper, whole: its device where a daemon finds it, what its maker publishes, and the policy that
// affirms it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::test {

struct SimulatedMachine {
    std::string kind;
    std::string attestd;                       // TOML for attestd.toml
    std::string policy;                        // TOML of [workload.NAME.KIND]
    std::map<std::string, std::string> files;  // beside the policy
    std::map<std::string, Bytes, std::less<>> collateral;
    std::shared_ptr<void> device;  // gone with this
};

// By FUSE: CT_NEEDS_MOUNTED_REPORTS().
Result<SimulatedMachine> simulated_snp_machine();
Result<SimulatedMachine> simulated_tdx_machine();
// As where the kernel has no reports: a device that a kernel has since Linux 6.2, and the host's quote service.
Result<SimulatedMachine> simulated_tdx_device_machine();
// At a socket.
Result<SimulatedMachine> simulated_nitro_machine();
// With a software TPM of their own, which holds what their cloud keeps there. Google's needs FUSE, too.
Result<SimulatedMachine> simulated_azure_snp_machine();
Result<SimulatedMachine> simulated_azure_tdx_machine();
Result<SimulatedMachine> simulated_gce_snp_machine();

}  // namespace ct::test
