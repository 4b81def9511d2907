// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "attest/collect/collector.h"
#include "attest/collect/tsm/folder.h"

namespace ct::attest {

// Kind "tdx", by the kernel's reports. Opens nothing yet: an absent device shows as evidence_device_absent at the first call.
std::unique_ptr<Collector> make_tdx_collector(std::unique_ptr<tsm::Folder> reports = tsm::open_folder());

}  // namespace ct::attest
