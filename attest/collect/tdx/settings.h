// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "attest/collect/collector.h"
#include "attest/collect/tsm/folder.h"
#include "attest/evidence/tdx_quote.h"

namespace ct::attest {

namespace tdx {
inline constexpr const char* kDevice = "/dev/tdx_guest";  // shows that this is a TD; quotes are not to be had from it
inline constexpr const char* kEventLog = "/sys/firmware/acpi/tables/data/CCEL";  // the firmware's, where it keeps one
}  // namespace tdx

// By the kernel's reports. Opens nothing yet: an absent device shows as evidence_device_absent at the first call. `kind` is another
// word only where the device is a simulated one.
std::unique_ptr<Collector> make_tdx_collector(std::unique_ptr<tsm::Folder> reports = tsm::open_folder(),
                                              std::string_view kind = tdx::kKind, std::string device = tdx::kDevice,
                                              std::string event_log = tdx::kEventLog);

}  // namespace ct::attest
