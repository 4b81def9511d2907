// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "attest/collect/collector.h"
#include "attest/collect/snp/device.h"
#include "attest/collect/tsm/folder.h"
#include "attest/evidence/snp_report.h"

namespace ct::attest {

struct SnpSources {
    std::unique_ptr<tsm::Folder> reports = tsm::open_folder();  // the kernel's, where it has them
    std::unique_ptr<snp::Device> device = snp::open_device();   // asked where it has none; nullptr: nobody is
    std::uint32_t vmpl = 0;  // the most privileged level that this guest has, where nothing but the device could tell
};

// Reports of an SEV-SNP guest. Opens nothing yet: an absent device shows as evidence_device_absent at the first call. `kind` is
// another word only where the device is a simulated one.
std::unique_ptr<Collector> make_snp_collector(SnpSources sources = {}, std::string_view kind = snp::kKind);

}  // namespace ct::attest
