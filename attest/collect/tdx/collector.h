// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "attest/collect/collector.h"
#include "attest/collect/tdx/device.h"
#include "attest/collect/tdx/quote_service.h"
#include "attest/collect/tsm/folder.h"
#include "attest/evidence/tdx_quote.h"

namespace ct::attest {

namespace tdx {
inline constexpr const char* kEventLog = "/sys/firmware/acpi/tables/data/CCEL";  // the firmware's, where it keeps one
}  // namespace tdx

struct TdxSources {
    std::unique_ptr<tsm::Folder> reports =
        tsm::open_folder();  // the kernel's, where it has them; nullptr: none is looked for
    // Where it has none: the device reports, and the service makes a quote of that. Without either nobody is asked.
    std::unique_ptr<tdx::Device> device = tdx::open_device();
    std::unique_ptr<tdx::QuoteService> service = tdx::open_quote_service();
    std::string event_log = tdx::kEventLog;
};

// Quotes of a TD. Opens nothing yet: an absent device shows as evidence_device_absent at the first call. `kind` is another word only
// where the device is a simulated one.
std::unique_ptr<Collector> make_tdx_collector(TdxSources sources = {}, std::string_view kind = tdx::kKind);

}  // namespace ct::attest
