// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "attest/collect/collector.h"
#include "attest/collect/tsm/folder.h"

namespace ct::attest {

namespace tdx {
inline constexpr const char* kEventLog = "/sys/firmware/acpi/tables/data/CCEL";  // the firmware's, where it keeps one
}

// Kind "tdx", by the kernel's reports. Opens nothing yet: an absent device shows as evidence_device_absent at the first call.
std::unique_ptr<Collector> make_tdx_collector(std::unique_ptr<tsm::Folder> reports = tsm::open_folder(),
                                              std::string event_log = tdx::kEventLog);

}  // namespace ct::attest
